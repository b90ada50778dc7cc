import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MailService } from '@sendgrid/mail';
import { inThisProcess, startSendGridTwin, type Call, type SendGridTwin } from '@percorso/plugin-testkit';
import sendgrid from '.';

const apiKey = 'SG.sdk.key';
interface Owner {
  client: { setDefaultRequest(key: string, value: string): void };
}
type Message = Parameters<MailService['send']>[0];

/** What SendGrid's own library sends for the same mails is what the plugin must send. */
describe("beside SendGrid's own library", () => {
  let twin: SendGridTwin;
  const library = new MailService();

  beforeAll(async () => {
    const journal = join(mkdtempSync(join(tmpdir(), 'percorso-sendgrid-sdk-')), 'twin.ndjson');
    twin = await startSendGridTwin({ journal, apiKey });
    library.setApiKey(apiKey);
    // Its types hide the client of its own.
    (library as unknown as Owner).client.setDefaultRequest('baseUrl', twin.url);
  });
  afterAll(() => twin.stop());

  const HEADERS = ['authorization', 'content-type', 'accept'];
  const essence = ({ method, path, query, headers, body }: Call): object => ({
    method,
    path,
    query,
    headers: Object.fromEntries(HEADERS.map((name) => [name, headers[name]])),
    body: JSON.parse(body) as unknown,
  });
  const argument = (n: number): { percorso_key: string } => ({ percorso_key: `k${n}` });

  it.each<[string, object[], object]>([
    [
      'one mail',
      [{ to: 'ada@example.test', subject: 'Grüße', text: 'Hello', html: '<p>Hello</p>' }],
      {
        from: 'news@example.test',
        personalizations: [{ to: 'ada@example.test', subject: 'Grüße', customArgs: argument(0) }],
        text: 'Hello',
        html: '<p>Hello</p>',
      },
    ],
    [
      'a batch by personalization',
      [
        {
          to: 'ada@example.test',
          toName: 'Ada',
          subject: 'To Ada',
          text: 'Hello',
          headers: { 'X-One': '1' },
        },
        { to: 'ben@example.test', subject: 'To Ben', text: 'Hello' },
      ],
      {
        from: 'news@example.test',
        personalizations: [
          {
            to: { email: 'ada@example.test', name: 'Ada' },
            subject: 'To Ada',
            headers: { 'X-One': '1' },
            customArgs: argument(0),
          },
          { to: 'ben@example.test', subject: 'To Ben', customArgs: argument(1) },
        ],
        text: 'Hello',
      },
    ],
    [
      'a template with data',
      [
        {
          to: 'ada@example.test',
          templateId: 'd-1234',
          data: { name: 'Ada', items: [1, 2] },
          categories: ['club'],
        },
      ],
      {
        from: 'news@example.test',
        templateId: 'd-1234',
        categories: ['club'],
        personalizations: [
          {
            to: 'ada@example.test',
            dynamicTemplateData: { name: 'Ada', items: [1, 2] },
            customArgs: argument(0),
          },
        ],
      },
    ],
    [
      'names and an address to answer to',
      [
        {
          to: 'ada@example.test',
          from: '"Acme, Inc." <acme@example.test>',
          replyTo: 'Help <help@example.test>',
          subject: 'Hello',
          html: '<p>Hello</p>',
        },
      ],
      {
        from: { email: 'acme@example.test', name: 'Acme, Inc.' },
        replyTo: { email: 'help@example.test', name: 'Help' },
        personalizations: [{ to: 'ada@example.test', subject: 'Hello', customArgs: argument(0) }],
        html: '<p>Hello</p>',
      },
    ],
  ])('sends %s', async (_, payloads, message) => {
    const [response] = await library.send(message as Message);
    expect(response.statusCode).toBe(202);
    const run = inThisProcess(sendgrid)({ url: twin.url, apiKey, from: 'news@example.test' });
    const items = payloads.map((payload, n) => ({
      key: `k${n}`,
      payload: payload as Record<string, unknown>,
    }));
    const outcome = await run.deliver('send', items, 10_000);
    run.close();
    const accepted = { status: 'accepted', providerId: expect.any(String) };
    expect(outcome).toEqual({ value: payloads.map(() => accepted) });
    const [theirs, ours] = (await twin.calls()).slice(-2).map(essence);
    expect(ours).toEqual(theirs);
  });
});
