import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sdk from 'twilio';
import { inThisProcess, startTwilioTwin, type Call, type TwilioTwin } from '@percorso/plugin-testkit';
import twilio from '.';

const accountSid = `AC${'0123456789abcdef'.repeat(2)}`;
const authToken = '12345678901234567890123456789012';
const messagingServiceSid = `MG${'0123456789abcdef'.repeat(2)}`;
const statusCallback = 'https://hub.example.com/v1/hooks/h1';

type Message = Omit<Parameters<ReturnType<typeof sdk>['messages']['create']>[0], 'to'>;

/** What Twilio's own library sends for the same message is what the plugin must send. */
describe("beside Twilio's own library", () => {
  let twin: TwilioTwin;
  beforeAll(async () => {
    const journal = join(mkdtempSync(join(tmpdir(), 'percorso-twilio-sdk-')), 'twin.ndjson');
    twin = await startTwilioTwin({ journal, accountSid, authToken });
  });
  afterAll(() => twin.stop());

  const HEADERS = ['authorization', 'content-type', 'accept', 'accept-charset'];
  const essence = ({ method, path, query, headers, body }: Call): object => ({
    method,
    path,
    query,
    headers: Object.fromEntries(HEADERS.map((name) => [name, headers[name]])),
    body: [...new URLSearchParams(body)],
  });
  const lastCalls = async (): Promise<object[]> => (await twin.calls()).slice(-2).map(essence);

  it.each<[string, object, Message, object?]>([
    ['a sender of the settings', { text: 'Hello' }, { from: '+15005550006', body: 'Hello' }],
    [
      'its own sender',
      { text: 'Hello', from: 'Acme' },
      { from: 'Acme', body: 'Hello' },
      { messagingServiceSid },
    ],
    [
      'a messaging service',
      { text: 'Hello' },
      { messagingServiceSid, body: 'Hello' },
      { messagingServiceSid },
    ],
    [
      'callbacks',
      { text: 'Hello' },
      { from: '+15005550006', body: 'Hello', statusCallback },
      { statusCallback },
    ],
    [
      'text that needs quoting',
      { text: '100 % + 1 = ½ & "Grüße" 🎉\nnext=line' },
      { from: '+15005550006', body: '100 % + 1 = ½ & "Grüße" 🎉\nnext=line' },
    ],
    [
      'media and no text',
      { mediaUrls: ['https://a.test/1.png', 'https://a.test/2.png?x=1&y=2'] },
      { from: '+15005550006', mediaUrl: ['https://a.test/1.png', 'https://a.test/2.png?x=1&y=2'] },
    ],
  ])('sends a message with %s', async (_, payload, message, settings = {}) => {
    const to = '+46701234567';
    const client = sdk(accountSid, authToken);
    client.api.baseUrl = twin.url;
    await client.messages.create({ ...message, to });
    const run = inThisProcess(twilio)({
      url: twin.url,
      accountSid,
      authToken,
      from: '+15005550006',
      ...settings,
    });
    const outcome = await run.deliver('send', [{ key: 'k', payload: { to, ...payload } }], 10_000);
    run.close();
    expect(outcome).toMatchObject({
      value: [{ status: 'accepted', providerId: expect.stringMatching(/^SM/) }],
    });
    const [theirs, ours] = await lastCalls();
    expect(ours).toEqual(theirs);
  });

  it('checks the account the way the library asks for it', async () => {
    const client = sdk(accountSid, authToken);
    client.api.baseUrl = twin.url;
    await client.api.v2010.accounts(accountSid).fetch();
    const run = inThisProcess(twilio)({ url: `${twin.url}/`, accountSid, authToken });
    expect(await run.check()).toBeNull();
    run.close();
    const [theirs, ours] = await lastCalls();
    expect(ours).toEqual(theirs);
  });
});
