import { createSign, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventWebhook, EventWebhookHeader } from '@sendgrid/eventwebhook';
import { AxiosError } from 'axios';
import fc from 'fast-check';
import type { Context, Item, Verdict } from '@percorso/plugin-kit';
import { inThisProcess, startSendGridTwin, type SendGridTwin } from '@percorso/plugin-testkit';
import sendgrid from '.';
import { mailOf } from './mail';
import { receipts } from './receipts';
import { refusals } from './send';
import type { SendGridSettings } from './settings';
import { isSigned, keyOf } from './signature';

const seed = Number(process.env.PERCORSO_SEED);

describe('mailOf', () => {
  it.each<[object, string]>([
    [{ to: 'nobody' }, '/to'],
    [{ to: ['ada@example.test'] }, '/to'],
    [{ from: 'nobody' }, '/from'],
    [{ subject: undefined }, '/subject'],
    [{ subject: 5 }, '/subject'],
    [{ text: undefined }, '/text'],
    [{ text: { path: '/etc/passwd' } }, '/text'],
    [{ headers: { a: 1 } }, '/headers'],
    [{ data: [] }, '/data'],
    [{ categories: 'club' }, '/categories'],
  ])('refuses %j', (payload, pointer) => {
    const item = {
      key: 'k',
      payload: { to: 'ada@example.test', subject: 'Hello', text: 'Hello', ...payload },
    };
    expect(mailOf(item, 'news@example.test')).toMatchObject({ status: 'rejected', pointer });
  });
});

describe('refusals', () => {
  it('are read by the personalization they name', () => {
    const found = refusals({
      errors: [
        {
          message: 'Does not contain a valid address: ada@example.test',
          field: 'personalizations.3.to.0.email',
        },
        { message: 'No.', field: 'personalizations.7.custom_args' },
        { message: 'The subject is required.', field: 'subject' },
      ],
    });
    expect([...found.each]).toEqual([
      [
        3,
        expect.objectContaining({
          pointer: '/to',
          bounce: 'hard',
          reason: expect.stringMatching(/address: …$/),
        }),
      ],
      [7, { status: 'rejected', code: 'refused', reason: 'No.' }],
    ]);
    expect(found.all).toEqual({
      ...{ status: 'rejected', code: 'refused', reason: 'The subject is required.', pointer: '/subject' },
    });
  });

  it.each([undefined, '<html>', {}, { errors: 'x' }, { errors: [null] }])('%j says nothing', (data) => {
    expect([...refusals(data).each]).toEqual([]);
  });
});

describe('a batch', () => {
  let twin: SendGridTwin;
  beforeAll(async () => {
    const journal = join(mkdtempSync(join(tmpdir(), 'percorso-sendgrid-batch-')), 'twin.ndjson');
    twin = await startSendGridTwin({ journal, apiKey: 'SG.batch' });
  });
  afterAll(() => twin.stop());

  const item = (n: number, payload: object = {}): Item => ({
    key: `k${n}`,
    payload: { to: `p${n}@example.test`, subject: 'Hello', text: 'Hello', ...payload },
  });
  async function send(items: Item[]): Promise<{ verdicts: Verdict[]; sizes: number[] }> {
    const before = (await twin.calls()).length;
    const run = inThisProcess(sendgrid)({ url: twin.url, apiKey: 'SG.batch', from: 'news@example.test' });
    const outcome = await run.deliver('send', items, 20_000);
    run.close();
    const bodies = (await twin.calls())
      .slice(before)
      .map(({ body }) => JSON.parse(body) as { personalizations: [] });
    return {
      verdicts: 'value' in outcome ? outcome.value : [],
      sizes: bodies.map(({ personalizations }) => personalizations.length).sort((a, b) => b - a),
    };
  }

  it('goes out in one request per body', async () => {
    const items = Array.from({ length: 30 }, (_, n) => item(n, { text: `Body ${n % 3}` }));
    const { verdicts, sizes } = await send(items);
    expect(sizes).toEqual([10, 10, 10]);
    expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set(['accepted']));
    const arrived = (await twin.messages()).slice(-30);
    expect(new Map(arrived.map(({ to, content }) => [to, content[0]?.value]))).toEqual(
      new Map(items.map(({ payload }) => [payload['to'], payload['text']])),
    );
  });

  it('of a thousand with one refused goes out without it', async () => {
    const items = Array.from({ length: 1000 }, (_, n) =>
      item(n, n === 700 ? { to: 'nobody@localhost' } : {}),
    );
    const { verdicts, sizes } = await send(items);
    expect(sizes).toEqual([1000, 999]);
    expect(verdicts[700]).toMatchObject({ status: 'rejected', code: 'bad-address', pointer: '/to' });
    expect(verdicts.filter(({ status }) => status === 'accepted')).toHaveLength(999);
  });

  it('whose common part is refused is refused as a whole, in one call', async () => {
    const { verdicts, sizes } = await send([1, 2, 3].map((n) => item(n, { from: 'news@localhost' })));
    expect(sizes).toEqual([3]);
    expect(verdicts).toEqual(
      verdicts.map(() => expect.objectContaining({ status: 'rejected', pointer: '/from' })),
    );
  });

  it('too large for one request goes out in several', async () => {
    const data = { text: 'x'.repeat(5_000_000) };
    const { verdicts, sizes } = await send([1, 2, 3, 4].map((n) => item(n, { templateId: 'd-1', data })));
    expect(sizes).toEqual([2, 2]);
    expect(verdicts.map(({ status }) => status)).toEqual(Array(4).fill('accepted'));
  });
});

describe('a refusal that names nobody', () => {
  type Refuse = (emails: string[]) => { status: number; data: unknown } | undefined;
  async function send(count: number, refuse: Refuse) {
    const sizes: number[] = [];
    const post = async (
      _: string,
      { personalizations }: { personalizations: { to: { email: string }[] }[] },
    ) => {
      const emails = personalizations.map(({ to }) => String(to[0]?.email));
      sizes.push(emails.length);
      const response = refuse(emails);
      if (response)
        throw Object.assign(new AxiosError('refused'), { response: { headers: {}, ...response } });
      return { headers: { 'x-message-id': 'm' } };
    };
    const signal = new AbortController().signal;
    const settings = { url: 'https://api.test', apiKey: 'k', from: 'news@example.test' };
    const context = {
      http: { post },
      settings,
      signal,
      now: () => new Date(),
    } as unknown as Context<SendGridSettings>;
    const items = Array.from({ length: count }, (_, n) => ({
      key: `k${n}`,
      payload: { to: `p${n}@example.test`, subject: 'Hello', text: 'Hello' },
    }));
    const verdicts = await sendgrid.send!.deliver(items, context);
    return { verdicts, sizes };
  }
  const refusedAs = (field: string | null) => ({
    status: 400,
    data: { errors: [{ message: 'No.', field, help: null }] },
  });
  const numbersOf = (verdicts: Verdict[], status: string): number[] =>
    verdicts.flatMap((one, at) => (one.status === status ? [at] : []));

  it.each([null, 'personalizations', 'something.new'])(
    '(%s) costs only the one it is about',
    async (field) => {
      const { verdicts, sizes } = await send(1000, (emails) =>
        emails.includes('p700@example.test') ? refusedAs(field) : undefined,
      );
      expect(numbersOf(verdicts, 'accepted')).toHaveLength(999);
      expect(verdicts[700]).toMatchObject({ status: 'rejected', code: 'refused', reason: 'No.' });
      expect(sizes.length).toBeLessThan(30);
    },
  );

  it('is asked once where it is about what all share', async () => {
    const { verdicts, sizes } = await send(1000, () => refusedAs('from.email'));
    expect(sizes).toEqual([1000]);
    expect(numbersOf(verdicts, 'rejected')).toHaveLength(1000);
  });

  it('for its size is tried in halves', async () => {
    const { verdicts, sizes } = await send(4, (emails) =>
      emails.length > 1 ? { status: 413, data: '<html>' } : undefined,
    );
    expect(sizes).toEqual([4, 2, 1, 1, 2, 1, 1]);
    expect(numbersOf(verdicts, 'accepted')).toHaveLength(4);
    const alone = await send(1, () => ({ status: 413, data: '<html>' }));
    expect(alone.verdicts).toMatchObject([{ status: 'rejected', code: 'too-large' }]);
  });

  it('is not followed by a second mail to those who got theirs, whatever becomes of the others', async () => {
    let calls = 0;
    const { verdicts } = await send(4, () => {
      calls += 1;
      if (calls === 1) return refusedAs(null);
      return calls === 2 ? undefined : { status: 401, data: {} };
    });
    expect(verdicts.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'retry', 'retry']);
  });

  it('for the region rests the connector', async () => {
    await expect(send(2, () => ({ status: 451, data: {} }))).rejects.toMatchObject({ pointer: '/url' });
  });
});

describe('a batch that is too much to say in one request', () => {
  it('names each address once', async () => {
    const seen: string[][] = [];
    const post = async (
      _: string,
      body: { personalizations: { to: { email: string; name?: string }[] }[] },
    ) => {
      seen.push(body.personalizations.map(({ to }) => `${to[0]?.email} ${to[0]?.name}`));
      return { headers: {} };
    };
    const settings = { url: 'https://api.test', apiKey: 'k', from: 'news@example.test' };
    const signal = new AbortController().signal;
    const context = { http: { post }, settings, signal } as unknown as Context<SendGridSettings>;
    const to = ['ada@example.test', 'ben@example.test', 'ADA@example.test', 'ada@example.test'];
    const items = to.map((one, n) => ({
      key: `k${n}`,
      payload: { to: one, toName: 'Byron, Ada; née', subject: 'Hello', text: 'Hello' },
    }));
    const verdicts = await sendgrid.send!.deliver(items, context);
    expect(verdicts.map(({ status }) => status)).toEqual(Array(4).fill('accepted'));
    expect(seen).toEqual([
      ['ada@example.test Byron Ada née', 'ben@example.test Byron Ada née'],
      ['ADA@example.test Byron Ada née'],
      ['ada@example.test Byron Ada née'],
    ]);
  });
});

const now = new Date('2026-12-01T08:00:00.000Z');
const ctx = { settings: {}, now: () => now } as Context<SendGridSettings>;

describe('receipts', () => {
  const common = {
    email: 'ada@example.test',
    timestamp: now.getTime() / 1000,
    sg_event_id: 'e1',
    sg_message_id: '14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0',
    percorso_key: 'sync:1',
  };
  const told = (...events: object[]) =>
    receipts(JSON.stringify(events.map((one) => ({ ...common, ...one }))), ctx);

  it.each<[object, object]>([
    [{ event: 'processed' }, { type: 'sent' }],
    [{ event: 'delivered', response: '250 OK' }, { type: 'delivered' }],
    [{ event: 'open', sg_machine_open: false }, { type: 'opened' }],
    [
      { event: 'click', url: 'https://shop.test/?a=1' },
      { type: 'clicked', link: 'https://shop.test/?a=1' },
    ],
    [
      { event: 'bounce', type: 'bounce', reason: '550 5.1.1 <ada@example.test> no such user' },
      { type: 'bounced', bounce: 'hard', reason: '550 5.1.1 … no such user' },
    ],
    [
      { event: 'bounce', type: 'blocked', reason: 'full' },
      { type: 'bounced', bounce: 'soft', reason: 'full' },
    ],
    [
      { event: 'dropped', reason: 'Bounced Address' },
      { type: 'bounced', bounce: 'hard', reason: 'Bounced Address' },
    ],
    [
      { event: 'dropped', reason: 'Spam Content' },
      { type: 'bounced', bounce: 'soft', reason: 'Spam Content' },
    ],
    [{ event: 'dropped', reason: 'Unsubscribed Address' }, { type: 'unsubscribed' }],
    [{ event: 'dropped', reason: 'Spam Reporting Address' }, { type: 'complained' }],
    [{ event: 'spamreport' }, { type: 'complained' }],
    [{ event: 'unsubscribe' }, { type: 'unsubscribed' }],
    [{ event: 'group_unsubscribe', asm_group_id: 1 }, { type: 'unsubscribed' }],
  ])('%j', async (event, expected) => {
    expect(await told(event)).toEqual([
      {
        id: 'e1',
        channel: 'email',
        address: 'ada@example.test',
        at: now.toISOString(),
        providerId: '14c5d75ce93',
        effectKey: 'sync:1',
        ...expected,
      },
    ]);
  });

  it.each([
    { event: 'deferred' },
    { event: 'group_resubscribe' },
    { event: 'constructor' },
    { event: 'open', timestamp: 'now' },
    { event: 'open', sg_machine_open: true },
    { event: 'account_status_change', type: 'compliance_suspend' },
    { event: 'group_resubscribe', asm_group_id: 1 },
  ])('%j is no news', async (event) => expect(await told(event)).toEqual([]));

  it('knows an event without an id when it comes again', async () => {
    const dropped = { event: 'dropped', reason: 'Invalid', sg_event_id: undefined };
    const [first] = await told(dropped);
    expect(first?.id).toMatch(/^[\w-]{43}$/);
    expect(await told(dropped)).toEqual([first]);
    expect((await told({ ...dropped, timestamp: 1 }))[0]?.id).not.toBe(first?.id);
  });

  it('reads times in milliseconds too', async () => {
    expect(await told({ event: 'open', timestamp: now.getTime() })).toMatchObject([
      { at: now.toISOString() },
    ]);
  });

  it('keeps what is whole of a list', async () => {
    expect(
      (await told({ event: 5 }, { event: 'open' }, { event: 'delivered', sg_event_id: 'e2' })).length,
    ).toBe(2);
  });

  it('believes no webhook without a key', async () => {
    const request = { url: 'https://hub.test', headers: {} };
    await expect(receipts('[]', ctx, request)).rejects.toMatchObject({
      kind: 'bad-settings',
      pointer: '/webhookKey',
    });
    const settings = { webhookKey: 'nonsense' } as SendGridSettings;
    await expect(receipts('[]', { ...ctx, settings }, request)).rejects.toMatchObject({
      pointer: '/webhookKey',
    });
  });
});

describe("the signature, beside SendGrid's own verifier", () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const shown = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const theirs = new EventWebhook();
  const theirKey = theirs.convertPublicKeyToECDSA(shown);

  it('has the headers of the library', () => {
    expect(
      [EventWebhookHeader.SIGNATURE(), EventWebhookHeader.TIMESTAMP()].map((one) => one.toLowerCase()),
    ).toEqual(['x-twilio-email-event-webhook-signature', 'x-twilio-email-event-webhook-timestamp']);
  });

  it.each(['none', 'body', 'time', 'key', 'bits'])(
    `agrees where what is wrong is: %s (seed ${seed})`,
    (what) => {
      fc.assert(
        fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), fc.nat(), (body, time, at) => {
          const signer = what === 'key' ? other.privateKey : privateKey;
          const signature = createSign('sha256').update(`${time}${body}`).sign(signer);
          // The last bytes are of the second number, so that what changes stays a signature in form.
          if (what === 'bits') signature[signature.length - 1 - (at % 20)]! ^= 1 << (at % 8);
          const raw = what === 'body' ? `${body}.` : body;
          const timestamp = what === 'time' ? String(time + 1) : String(time);
          const text = signature.toString('base64');
          expect(theirs.verifySignature(theirKey, raw, text, timestamp)).toBe(what === 'none');
          expect(isSigned(keyOf(shown), raw, text, timestamp)).toBe(what === 'none');
        }),
        { seed, numRuns: 5 },
      );
    },
  );

  it('takes the key with the lines of PEM too', () => {
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(keyOf(pem).equals(publicKey)).toBe(true);
  });
});
