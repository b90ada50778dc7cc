import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SendGridTwin, startSendGridTwin } from './sendgrid-twin';

const folder = mkdtempSync(join(tmpdir(), 'percorso-sendgrid-twin-'));
const journal = join(folder, 'twin.ndjson');
const apiKey = 'SG.twin';

describe('the twin of SendGrid', () => {
  let twin: SendGridTwin;
  beforeAll(async () => (twin = await startSendGridTwin({ journal, apiKey })));
  afterAll(async () => {
    await twin.stop();
    rmSync(folder, { recursive: true });
  });

  const person = (changes: object = {}): object => ({
    to: [{ email: 'ada@example.test' }],
    subject: 'Hello',
    ...changes,
  });
  const mail = (changes: object = {}): object => ({
    from: { email: 'news@example.test' },
    personalizations: [person()],
    content: [{ type: 'text/plain', value: 'Hello' }],
    ...changes,
  });
  async function post(
    body: unknown,
    { path = 'mail/send', method = 'POST', headers = {} as Record<string, string> } = {},
  ): Promise<{ status: number; field?: string | null }> {
    const response = await fetch(`${twin.url}/v3/${path}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
      ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (text === '') return { status: response.status };
    const { errors } = JSON.parse(text) as { errors: { field: string | null }[] };
    return { status: response.status, field: errors[0]?.field };
  }

  it.each<[string, () => Promise<object>, number, string | null]>([
    ['a wrong key', () => post(mail(), { headers: { authorization: 'Bearer x' } }), 401, null],
    ['another path', () => post(mail(), { path: 'mail/sent' }), 404, null],
    ['another method', () => post(mail(), { method: 'PUT' }), 405, null],
    [
      'a form',
      () => post('a=b', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
      415,
      null,
    ],
    ['no JSON', () => post('{'), 400, null],
    ['a field it does not know', () => post(mail({ form: {} })), 400, null],
    ['nobody', () => post(mail({ personalizations: [] })), 400, 'personalizations'],
    ['too many', () => post(mail({ personalizations: Array(1001).fill(person()) })), 400, 'personalizations'],
    [
      'the same person twice',
      () => post(mail({ personalizations: [person(), person({ to: [{ email: 'Ada@example.test' }] })] })),
      400,
      'personalizations',
    ],
    ['no sender', () => post(mail({ from: {} })), 400, 'from.email'],
    ['nowhere to answer', () => post(mail({ reply_to: { email: 'x' } })), 400, 'reply_to.email'],
    ['no body', () => post(mail({ content: [] })), 400, 'content'],
    [
      'an empty body',
      () => post(mail({ content: [{ type: 'text/html', value: '' }] })),
      400,
      'content.0.value',
    ],
    [
      'HTML before text',
      () =>
        post(
          mail({
            content: [
              { type: 'text/html', value: 'x' },
              { type: 'text/plain', value: 'x' },
            ],
          }),
        ),
      400,
      'content',
    ],
    [
      'no subject',
      () => post(mail({ personalizations: [{ ...person(), subject: '' }] })),
      400,
      'personalizations.0.subject',
    ],
    [
      'one bad address of two',
      () => post(mail({ personalizations: [person(), person({ to: [{ email: 'ada@localhost' }] })] })),
      400,
      'personalizations.1.to.0.email',
    ],
    [
      'arguments that are no texts',
      () => post(mail({ personalizations: [person({ custom_args: { n: 1 } })] })),
      400,
      'personalizations.0.custom_args',
    ],
    [
      'too long arguments',
      () => post(mail({ personalizations: [person({ custom_args: { n: 'x'.repeat(10_000) } })] })),
      400,
      'personalizations.0.custom_args',
    ],
    [
      'a header of its own',
      () => post(mail({ personalizations: [person({ headers: { Subject: 'x' } })] })),
      400,
      'personalizations.0.headers',
    ],
    [
      '30 MB',
      () => post(mail({ content: [{ type: 'text/plain', value: 'x'.repeat(30_000_000) }] })),
      413,
      null,
    ],
  ])('refuses %s, and all of the request', async (_, ask, status, field) => {
    expect(await ask()).toEqual({ status, field });
    expect(await twin.messages()).toEqual([]);
  });

  it('keeps what it took, over a crash; its webhooks have another key then', async () => {
    expect(
      await post(mail({ personalizations: [person(), person({ to: [{ email: 'ben@example.test' }] })] })),
    ).toEqual({
      status: 202,
    });
    const before = await twin.messages();
    expect(before.map(({ to, rows }) => [to, rows])).toEqual([
      ['ada@example.test', 2],
      ['ben@example.test', 2],
    ]);
    expect(before[0]?.messageId).toBe(before[1]?.messageId);
    const key = await twin.verificationKey();
    await twin.kill();
    twin = await startSendGridTwin({ journal, apiKey });
    expect(await twin.messages()).toEqual(before);
    expect(await twin.verificationKey()).not.toBe(key);
    await expect(twin.webhook({ events: [{ to: 'cleo@example.test', event: 'open' }] })).rejects.toThrow(
      'no message',
    );
  });
});
