import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTwilioTwin, type TwilioTwin } from './twilio-twin';

const folder = mkdtempSync(join(tmpdir(), 'percorso-twilio-twin-'));
const journal = join(folder, 'twin.ndjson');
const accountSid = `AC${'0123456789abcdef'.repeat(2)}`;
const authToken = 'token';

describe('the twin of Twilio', () => {
  let twin: TwilioTwin;
  beforeAll(async () => (twin = await startTwilioTwin({ journal, accountSid, authToken })));
  afterAll(async () => {
    await twin.stop();
    rmSync(folder, { recursive: true });
  });

  const GOOD = { To: '+46701234567', From: '+15005550006', Body: 'Hello' };
  async function post(
    fields: Record<string, string> | string,
    {
      path = `Accounts/${accountSid}/Messages.json`,
      headers = {} as Record<string, string>,
      method = 'POST',
    } = {},
  ): Promise<{ status: number; code?: number }> {
    const response = await fetch(`${twin.url}/2010-04-01/${path}`, {
      method,
      headers: {
        authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
      ...(method === 'GET' ? {} : { body: new URLSearchParams(fields).toString() }),
    });
    const { code } = (await response.json()) as { code?: number };
    return code === undefined ? { status: response.status } : { status: response.status, code };
  }

  it.each<[string, () => Promise<object>, number, number]>([
    ['a wrong token', () => post(GOOD, { headers: { authorization: 'Basic eA==' } }), 401, 20003],
    ['no credentials', () => post(GOOD, { headers: { authorization: '' } }), 401, 20003],
    ['another account', () => post(GOOD, { path: `Accounts/AC${'f'.repeat(32)}/Messages.json` }), 404, 20404],
    ['another path', () => post(GOOD, { path: `Accounts/${accountSid}/Calls.json` }), 404, 20404],
    ['another method', () => post(GOOD, { method: 'PUT' }), 405, 20004],
    ['JSON', () => post(GOOD, { headers: { 'content-type': 'application/json' } }), 415, 20415],
    ['nobody', () => post({ ...GOOD, To: '' }), 400, 21604],
    ['no E.164', () => post({ ...GOOD, To: '0701234567' }), 400, 21211],
    ['no sender', () => post({ To: GOOD.To, Body: 'Hello' }), 400, 21603],
    ['a sender that is none', () => post({ ...GOOD, From: 'much too long a name' }), 400, 21212],
    ['a service that is none', () => post({ ...GOOD, MessagingServiceSid: 'MG1' }), 404, 21701],
    ['no text', () => post({ ...GOOD, Body: '' }), 400, 21602],
    ['too much text', () => post({ ...GOOD, Body: 'x'.repeat(1601) }), 400, 21617],
    ['media that are none', () => post({ ...GOOD, MediaUrl: 'nowhere' }), 400, 21620],
    ['a callback that is none', () => post({ ...GOOD, StatusCallback: 'nowhere' }), 400, 21609],
    ['a field it does not know', () => post({ ...GOOD, Cc: GOOD.To }), 400, 20001],
    ['a field twice', () => post('To=%2B46701234567&To=%2B46701234567&From=Acme&Body=x'), 400, 20001],
    ['who opted out', () => post({ ...GOOD, To: '+15005550004' }), 400, 21610],
    ['a landline', () => post({ ...GOOD, To: '+15005550009' }), 400, 21614],
    ['a sender of others', () => post({ ...GOOD, From: '+15005550007' }), 400, 21606],
  ])('refuses %s', async (_, ask, status, code) => {
    const before = (await twin.messages()).length;
    expect(await ask()).toEqual({ status, code });
    expect(await twin.messages()).toHaveLength(before);
  });

  it('keeps what it took, over a crash', async () => {
    expect(await post(GOOD)).toEqual({ status: 201 });
    const before = await twin.messages();
    expect(before.at(-1)).toMatchObject({ to: GOOD.To, from: GOOD.From, body: 'Hello', mediaUrls: [] });
    await twin.kill();
    twin = await startTwilioTwin({ journal, accountSid, authToken });
    expect(await twin.messages()).toEqual(before);
    expect(await twin.calls()).toEqual([]);
  });

  it('misbehaves as told, for calls it would have taken', async () => {
    const before = (await twin.messages()).length;
    await twin.inject({ kind: 'http503', retryAfterSeconds: 3 });
    expect(await post({ ...GOOD, To: '' })).toMatchObject({ status: 400 });
    await expect(post(GOOD)).rejects.toThrow();
    await twin.inject({ kind: 'acceptThenDrop' });
    await expect(post(GOOD)).rejects.toThrow();
    expect(await twin.messages()).toHaveLength(before + 1);
    await twin.inject({ kind: 'dropBeforeAccept', count: 2 });
    expect(await twin.faults()).toMatchObject([{ kind: 'dropBeforeAccept', remaining: 2 }]);
    await twin.clearFaults();
    expect(await post(GOOD)).toEqual({ status: 201 });
    await expect(twin.inject({ kind: 'nothing' } as never)).rejects.toThrow('kind must be one of');
    await expect(twin.inject({ kind: 'slow' } as never)).rejects.toThrow('slow needs ms');
  });

  it('makes no callback for a message that wants none', async () => {
    const { sid } = (await twin.messages()).at(-1)!;
    await expect(twin.callback({ sid, status: 'delivered' })).rejects.toThrow('no such message');
  });
});
