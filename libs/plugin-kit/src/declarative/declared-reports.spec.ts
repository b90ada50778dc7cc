import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Item, ReceiptRequest } from '../plugin';
import { PluginRuntime } from '../runtime/plugin-runtime';
import type { DeclaredFeedback, DeclaredLookup, DeclaredProof, DeclaredReceipts } from './declaration';
import { declarativePlugin } from './declarative-plugin';

type Answer = [status: number, body: unknown];
const asked: string[] = [];
let answer: (place: string) => Answer = () => [200, {}];
const server = createServer((request, response) => {
  asked.push(String(request.url));
  const [status, body] = answer(String(request.url));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => void asked.splice(0));

const dial = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket));
    socket.once('error', reject);
  });

const now = new Date('2026-12-01T08:00:00Z');
const base = {
  settings: { url: { format: 'url' }, apiKey: { secret: true }, hookKey: { secret: true, optional: true } },
  check: { url: 'settings.url' },
  send: { idempotency: 'none', perSecond: 10, request: { url: 'settings.url', body: 'item.payload' } },
};
const warned: string[] = [];
function running(declared: object, settings: object = {}): PluginRuntime {
  const plugin = declarativePlugin({ ...base, ...declared });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const log = {
    info: () => undefined,
    warn: (message: string, fields?: object) => void warned.push(`${message} ${JSON.stringify(fields)}`),
  };
  const given = { url, apiKey: 'k', ...settings };
  return new PluginRuntime(plugin, given, { connect: dial, log, now: () => now }) as PluginRuntime;
}
const soon = (): AbortSignal => AbortSignal.timeout(20_000);

describe('a declared lookup', () => {
  async function lookup(declared: Omit<DeclaredLookup, 'request'>, url: string, count: number) {
    const runtime = running({ lookup: { ...declared, request: { url } } });
    const items = Array.from({ length: count }, (_, n): Item => ({ key: `k${n}`, payload: { n } }));
    const outcome = await runtime.lookup(items, soon());
    runtime.close();
    return outcome;
  }
  const EACH = "settings.url & '/m/' & item.key";

  it('asks for each item, and lets the status speak where nothing else is said', async () => {
    const statuses: Record<string, number> = { '/m/k0': 200, '/m/k1': 404, '/m/k2': 500, '/m/k3': 429 };
    answer = (place) => [statuses[place] ?? 200, {}];
    expect(await lookup({}, EACH, 5)).toEqual({
      value: ['accepted', 'absent', 'unknown', 'unknown', 'accepted'],
    });
    expect(asked.sort()).toEqual(['/m/k0', '/m/k1', '/m/k2', '/m/k3', '/m/k4']);
  });

  it('takes what is described for an answer, and silence for none', async () => {
    answer = (place) => [200, { state: ['sent', 'no', 'queued'][Number(place.slice(-1))] }];
    const result = "$lookup({'sent': 'accepted', 'no': 'absent'}, response.body.state)";
    expect(await lookup({ result }, EACH, 3)).toEqual({ value: ['accepted', 'absent', 'unknown'] });
  });

  it('asks for several at once, in order', async () => {
    answer = () => [200, { known: ['k2', 'k0', 'k4'] }];
    const result = "$map(items, function($i) { $i.key in response.body.known ? 'accepted' : 'absent' })[]";
    expect(await lookup({ batch: 2, result }, "settings.url & '/known'", 5)).toEqual({
      value: ['accepted', 'absent', 'accepted', 'absent', 'accepted'],
    });
    expect(asked).toHaveLength(3);
  });

  it.each<[string, string, number]>([
    ['answers too few', "['accepted']", 3],
    ['is none', '5', 2],
    ['fails', "$number('x')", 2],
  ])('leaves in doubt what an answer that %s is about', async (_, result, batch) => {
    answer = () => [200, {}];
    expect(await lookup({ batch, result }, 'settings.url', 3)).toEqual({ value: Array(3).fill('unknown') });
  });

  it('tells wrong credentials as such', async () => {
    answer = () => [401, {}];
    expect(await lookup({}, EACH, 1)).toMatchObject({ fault: { code: 'bad-credentials' } });
  });
});

describe('declared feedback', () => {
  const declared: DeclaredFeedback = {
    request: { url: "settings.url & '/facts?after=' & (cursor ? cursor.after : 0)" },
    events:
      "response.body.facts.{'id': number, 'type': what, 'channel': 'sms', 'address': to, 'at': time, 'providerId': message}",
    cursor: "response.body.facts ? {'after': $max(response.body.facts.number)}",
  };
  const fact = (number: number): object => ({
    ...{ number, what: 'delivered', to: '+46701234567', message: `m${number}` },
    time: 1_764_500_000 + number,
  });

  it('reads events from its cursor on, which stays where nothing is new', async () => {
    answer = (place) => [200, { facts: [1, 2, 3].map(fact).slice(Number(place.split('=')[1])) }];
    const runtime = running({ feedback: declared });
    const first = await runtime.feedback(null, soon());
    expect(first).toEqual({
      value: {
        cursor: { after: 3 },
        events: [1, 2, 3].map((number) => ({
          ...{ id: String(number), type: 'delivered', channel: 'sms', address: '+46701234567' },
          ...{ at: new Date((1_764_500_000 + number) * 1000).toISOString(), providerId: `m${number}` },
        })),
      },
    });
    const { value } = first as { value: { cursor: unknown } };
    expect(await runtime.feedback(value.cursor, soon())).toEqual({
      value: { events: [], cursor: { after: 3 } },
    });
    runtime.close();
    expect(asked).toEqual(['/facts?after=0', '/facts?after=3']);
  });

  it('leaves out what is no event, and says how many', async () => {
    answer = () => [200, { facts: [fact(1), { number: 2 }, { ...fact(3), what: 'shipped' }, null] }];
    const runtime = running({ feedback: declared });
    warned.splice(0);
    expect(await runtime.feedback(null, soon())).toMatchObject({ value: { events: [{ id: '1' }] } });
    runtime.close();
    expect(warned).toEqual(['Some of what the provider told makes no event {"dropped":3}']);
  });

  it('moves on over nothing when it fails, and says where', async () => {
    answer = () => [200, { facts: [{ ...fact(1), number: 'x' }] }];
    const runtime = running({ feedback: { ...declared, cursor: '$number(response.body.facts[0].number)' } });
    warned.splice(0);
    await expect(runtime.feedback(null, soon())).rejects.toThrow('/feedback/cursor fails (D3030).');
    runtime.close();
    expect(warned.join()).toContain('/feedback/cursor fails');
  });

  it('tells wrong credentials as such', async () => {
    answer = () => [403, {}];
    const runtime = running({ feedback: declared });
    expect(await runtime.feedback(null, soon())).toMatchObject({ fault: { code: 'bad-credentials' } });
    runtime.close();
  });
});

describe('declared receipts', () => {
  const events =
    "body.events.{'id': id, 'type': type, 'channel': 'sms', 'address': to, 'at': at, 'bounce': 'hard', 'reason': why}";
  const raw = JSON.stringify({
    events: [
      { id: 'e1', type: 'delivered', to: '+46701234567', at: '2026-12-01T08:00:00+01:00' },
      { id: 'e2', type: 'bounced', to: '+46701234567', at: now.getTime(), why: 'off' },
    ],
  });
  const EXPECTED = [
    { id: 'e1', type: 'delivered', channel: 'sms', address: '+46701234567', at: '2026-12-01T07:00:00.000Z' },
    {
      ...{ id: 'e2', type: 'bounced', channel: 'sms', address: '+46701234567', at: now.toISOString() },
      ...{ bounce: 'hard', reason: 'off' },
    },
  ];
  const sign = (text: string, key: string | Buffer, hash = 'sha256'): Buffer =>
    createHmac(hash, key).update(text).digest();
  const seconds = String(now.getTime() / 1000);
  const key = Buffer.from('a key of its own');

  async function read(
    proof: DeclaredProof,
    request?: Partial<ReceiptRequest>,
    rest: Partial<DeclaredReceipts> & { raw?: string; settings?: object } = {},
  ) {
    const { raw: text = raw, settings = {}, ...receipts } = rest;
    const runtime = running({ receipts: { proof, events, ...receipts } }, { hookKey: 'secret', ...settings });
    const whole = request && { url: 'https://hub.test/v1/hooks/h', headers: {}, ...request };
    const outcome = await runtime.receipts(text, soon(), whole);
    runtime.close();
    return outcome;
  }
  const secret = { setting: 'hookKey' };

  const HEX: DeclaredProof = { kind: 'hmac', secret, given: 'request.headers.`x-signature`' };
  const GITHUB: DeclaredProof = {
    ...HEX,
    given: "$substringAfter(request.headers.`x-hub-signature-256`, 'sha256=')",
  };
  const STRIPE: DeclaredProof = {
    kind: 'hmac',
    secret,
    given: '$match(request.headers.`stripe-signature`, /v1=([0-9a-f]+)/).groups',
    signed: "$match(request.headers.`stripe-signature`, /t=(\\d+)/).groups[0] & '.' & raw",
    time: '$match(request.headers.`stripe-signature`, /t=(\\d+)/).groups[0]',
  };
  const BASE64: DeclaredProof = {
    ...{ kind: 'hmac', secret, secretEncoding: 'base64', hash: 'sha1', encoding: 'base64' },
    given: 'request.headers.`x-signature`',
    signed: 'request.url & raw',
  };
  const STANDARD: DeclaredProof = { kind: 'standard-webhooks', secret };
  const standard = (time: string, text = raw): Record<string, string> => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': time,
    'webhook-signature': `v1a,other v1,AAAA v1,${sign(`msg_1.${time}.${text}`, key).toString('base64')}`,
  });
  const stripe = (time: string): Record<string, string> => ({
    'stripe-signature': `t=${time},v1=${'0'.repeat(64)},v1=${sign(`${time}.${raw}`, 'secret').toString('hex')}`,
  });
  const SHARED: DeclaredProof = { kind: 'shared-secret', secret, given: 'request.query.token' };
  const hook = 'https://hub.test/v1/hooks/h';
  const asKey = { hookKey: `whsec_${key.toString('base64')}` };
  const later = (by: number): string => String(Number(seconds) + by);

  it.each<[string, DeclaredProof, Partial<ReceiptRequest>, object?]>([
    ['HMAC in hex', HEX, { headers: { 'x-signature': sign(raw, 'secret').toString('hex') } }],
    [
      'HMAC with a prefix',
      GITHUB,
      { headers: { 'x-hub-signature-256': `sha256=${sign(raw, 'secret').toString('hex')}` } },
    ],
    ['HMAC among several, with a time', STRIPE, { headers: stripe(later(-299)) }],
    [
      'HMAC of another kind over the address too',
      BASE64,
      { headers: { 'x-signature': sign(hook + raw, key, 'sha1').toString('base64') } },
      { hookKey: key.toString('base64') },
    ],
    ['Standard Webhooks', STANDARD, { headers: standard(later(299)) }, asKey],
    ['a secret in the address', SHARED, { url: `${hook}?token=secret` }],
    ['nothing but the address', { kind: 'none' }, {}],
  ])('believe %s', async (_, proof, request, settings = {}) => {
    expect(await read(proof, request, { settings })).toEqual({ value: EXPECTED });
  });

  it.each<[string, DeclaredProof, Partial<ReceiptRequest>, object?]>([
    ['another text', HEX, { headers: { 'x-signature': sign(`${raw} `, 'secret').toString('hex') } }],
    ['another key', HEX, { headers: { 'x-signature': sign(raw, 'other').toString('hex') } }],
    ['no signature', HEX, {}],
    ['an empty one', HEX, { headers: { 'x-signature': '' } }],
    ['half a one', HEX, { headers: { 'x-signature': sign(raw, 'secret').toString('hex').slice(0, 32) } }],
    ['a signature that cannot be read', STRIPE, { headers: { 'stripe-signature': 'v2=x' } }],
    ['an old one', STRIPE, { headers: stripe(later(-301)) }],
    ['one of tomorrow', STRIPE, { headers: stripe(later(301)) }],
    ['no time', STANDARD, { headers: { ...standard(seconds), 'webhook-timestamp': '' } }, asKey],
    ['an old Standard Webhook', STANDARD, { headers: standard(later(-301)) }, asKey],
    ['another Standard Webhook', STANDARD, { headers: standard(seconds, '{}') }, asKey],
    ['another secret', SHARED, { url: `${hook}?token=secret2` }],
    ['no secret', SHARED, {}],
  ])('do not believe %s', async (_, proof, request, settings = {}) => {
    expect(await read(proof, request, { settings })).toMatchObject({ fault: { code: 'bad-receipt' } });
  });

  it('rest the connector where the secret is missing', async () => {
    expect(await read(HEX, {}, { settings: { hookKey: undefined } })).toMatchObject({
      fault: { code: 'bad-settings', pointer: '/hookKey' },
    });
  });

  it('are believed without proof when somebody with a key hands them in', async () => {
    expect(await read(HEX)).toEqual({ value: EXPECTED });
  });

  it('may be forms', async () => {
    const form = 'MessageSid=SM1&To=%2B46701234567&MessageStatus=delivered';
    const told = await read(
      { kind: 'none' },
      {},
      {
        type: 'form',
        raw: form,
        events:
          "{'id': body.MessageSid & ':' & body.MessageStatus, 'type': body.MessageStatus, 'channel': 'sms', 'address': body.To, 'at': $now()}",
      },
    );
    expect(told).toEqual({
      value: [
        {
          ...{ id: 'SM1:delivered', type: 'delivered', channel: 'sms', address: '+46701234567' },
          at: now.toISOString(),
        },
      ],
    });
  });

  it.each(['', 'nonsense', '{}', '[null]', '5'])('make nothing of %j', async (text) => {
    expect(await read({ kind: 'none' }, {}, { raw: text })).toEqual({ value: [] });
  });

  it('are refused when they cannot be read, so that they come again', async () => {
    const outcome = await read({ kind: 'none' }, {}, { events: '$number(body.events[0].id)' });
    expect(outcome).toMatchObject({
      fault: { code: 'bad-receipt', message: '/receipts/events fails (D3030).' },
    });
  });
});

describe('time and chance in a description', () => {
  const body =
    "{'now': $now(), 'day': $now('[Y0001]-[M01]-[D01]', '+1000'), 'millis': $millis(), 'random': [$random(), $random()], 'mixed': $shuffle([1..20])}";
  async function bodies(items: Item[], operation: object = {}): Promise<unknown[]> {
    const seen: string[] = [];
    const provider = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      seen.push(text);
      response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    const send = { ...base.send, request: { url: 'settings.url', body }, ...operation };
    const runtime = running({ send }, { url });
    for (const item of items) await runtime.deliver('send', [item], soon());
    runtime.close();
    await new Promise((resolve) => provider.close(resolve));
    return seen.map((text) => JSON.parse(text) as unknown);
  }
  const item = (key: string, at?: string): Item => ({
    key,
    payload: {},
    ...(at === undefined ? {} : { at }),
  });
  const AT = '2026-11-30T20:00:00.000Z';

  it('are those of the effect: each try forms the same request, and another effect another', async () => {
    const [first, again, other] = (await bodies([item('a', AT), item('a', AT), item('b', AT)])) as [
      { now: string; day: string; millis: number; random: number[]; mixed: number[] },
      object,
      { random: number[]; mixed: number[] },
    ];
    expect(first).toMatchObject({ now: AT, day: '2026-12-01', millis: Date.parse(AT) });
    expect([...first.mixed].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(first.random[0]).not.toBe(first.random[1]);
    for (const drawn of first.random) expect(drawn >= 0 && drawn < 1).toBe(true);
    expect(again).toEqual(first);
    expect(other.random).not.toEqual(first.random);
    expect(other.mixed).not.toEqual(first.mixed);
  });

  it('are those of the newest effect in a batch, where each has its own time too', async () => {
    const verdict = "[items.{'status': 'accepted'}]";
    const request = { url: 'settings.url', body: "{'now': $now(), 'each': [items.at]}" };
    const [seen] = await bodies([item('a', AT)], { batch: 2, verdict, request });
    expect(seen).toEqual({ now: AT, each: [AT] });
  });
});
