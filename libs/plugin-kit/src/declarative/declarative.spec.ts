import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Item } from '../plugin';
import { PluginRuntime, type Outcome } from '../runtime/plugin-runtime';
import type { Verdict } from '../verdict';
import { parseDeclaration } from './read-declaration';
import { declarativePlugin } from './declarative-plugin';

const good = {
  settings: { url: { format: 'url' }, apiKey: { secret: true } },
  headers: { authorization: "'Bearer ' & settings.apiKey" },
  check: { url: 'settings.url' },
  upsert: {
    idempotency: 'upsert',
    perSecond: 10,
    request: { url: "settings.url & '/contacts'", body: 'item.payload' },
  },
};
const changed = (path: string[], value: unknown): unknown => {
  const copy = structuredClone(good) as Record<string, unknown>;
  const at = path.slice(0, -1).reduce((place, key) => place[key] as Record<string, unknown>, copy);
  at[path.at(-1)!] = value;
  return copy;
};

describe('a declaration', () => {
  it.each<[string, unknown, string[], RegExp]>([
    ['of no object', 5, [''], /must be an object/],
    ['that does nothing', changed(['upsert'], undefined), [''], /must have one of send, upsert, remove/],
    ['with a stranger', changed(['uspert'], {}), ['/uspert'], /is not known; here are settings/],
    ['without a check', changed(['check'], undefined), ['/check'], /must be an object/],
    ['whose setting is none', changed(['settings', 'url'], 'x'), ['/settings/url'], /must be an object/],
    ['of an odd setting', changed(['settings', 'a b'], {}), ['/settings/a b'], /letters and digits/],
    ['of an odd format', changed(['settings', 'url', 'format'], 'x'), ['/settings/url/format'], /one of url/],
    [
      'of a bad pattern',
      changed(['settings', 'url', 'pattern'], '('),
      ['/settings/url/pattern'],
      /expression/,
    ],
    [
      'that is no JSONata',
      changed(['check', 'url'], 'a ~ b'),
      ['/check/url'],
      /is no JSONata: .*character 3/,
    ],
    ['with $eval', changed(['check', 'url'], "$eval('1')"), ['/check/url'], /\$eval is not available/],
    ['with a broken header', changed(['headers', 'x/y'], '('), ['/headers/x~1y'], /is no JSONata/],
    ['of a method', changed(['check', 'method'], 'TRACE'), ['/check/method'], /must be one of GET/],
    ['of lookup', changed(['upsert', 'idempotency'], 'lookup'), ['/upsert/idempotency'], /needs a \/lookup/],
    ['of no speed', changed(['upsert', 'perSecond'], 0), ['/upsert/perSecond'], /at least/],
    [
      'of a batch without verdicts',
      changed(['upsert', 'batch'], 5),
      ['/upsert/verdict'],
      /one answer per item/,
    ],
    [
      'of a refusal',
      changed(['upsert', 'refuse'], [{ when: 'true' }]),
      ['/upsert/refuse/0/code', '/upsert/refuse/0/reason'],
      /must be text/,
    ],
    [
      'of a lookup of several without results',
      changed(['lookup'], { batch: 5, request: { url: 'settings.url' } }),
      ['/lookup/result'],
      /one answer per item/,
    ],
    ['of receipts without proof', changed(['receipts'], { events: '[]' }), ['/receipts/proof'], /an object/],
    [
      'of a proof that there is not',
      changed(['receipts'], { events: '[]', proof: { kind: 'trust' } }),
      ['/receipts/proof/kind'],
      /one of hmac, standard-webhooks, shared-secret, none/,
    ],
    [
      'of a proof by what everybody may see',
      changed(['receipts'], {
        events: '[]',
        proof: { kind: 'shared-secret', secret: { setting: 'url' }, given: 'raw' },
      }),
      ['/receipts/proof/secret/setting'],
      /must name a setting that is secret/,
    ],
    [
      'of an odd signature',
      changed(['receipts'], {
        type: 'xml',
        events: '(',
        proof: { kind: 'hmac', secret: { setting: 'apiKey' }, hash: 'md5', time: ')', toleranceSeconds: 0 },
      }),
      [
        '/receipts/type',
        '/receipts/events',
        '/receipts/proof/given',
        '/receipts/proof/time',
        '/receipts/proof/hash',
        '/receipts/proof/toleranceSeconds',
      ],
      /must be one of json, form/,
    ],
    [
      'of feedback without a cursor',
      changed(['feedback'], { request: { url: 'settings.url' }, events: '[]' }),
      ['/feedback/cursor'],
      /must be text/,
    ],
  ])('%s is refused with its place', (_, given, pointers, message) => {
    const parsed = parseDeclaration(given);
    const errors = 'errors' in parsed ? parsed.errors : [];
    expect(errors.map(({ pointer }) => pointer)).toEqual(pointers);
    expect(errors[0]?.message).toMatch(message);
    expect(() => declarativePlugin(given)).toThrow(pointers[0] || '/');
  });

  it('makes settings that judge as a class would', () => {
    const plugin = declarativePlugin({
      ...good,
      settings: {
        ...good.settings,
        port: { type: 'integer', minimum: 1, default: 443, title: 'Port' },
        mode: { enum: ['a', 'b'], optional: true },
      },
    });
    const settings = { url: 'https://api.test', apiKey: 'k' };
    expect(PluginRuntime.validate(plugin, settings)).toEqual([]);
    const wrong = { ...settings, url: 'nowhere', port: 0, mode: 'c' };
    expect(PluginRuntime.validate(plugin, wrong).map(({ pointer }) => pointer)).toEqual([
      '/url',
      '/port',
      '/mode',
    ]);
    expect(PluginRuntime.describe(plugin)).toMatchObject({
      capabilities: ['upsert'],
      secrets: ['apiKey'],
      settingsSchema: {
        required: ['url', 'apiKey'],
        properties: {
          url: { type: 'string', format: 'uri' },
          apiKey: { writeOnly: true },
          port: { type: 'integer', minimum: 1, default: 443, title: 'Port' },
          mode: { enum: ['a', 'b'] },
        },
      },
    });
  });
});

describe('a declared operation', () => {
  interface Seen {
    method?: string;
    type?: string;
    body: string;
  }
  const seen: Seen[] = [];
  let answer: [number, object] = [200, {}];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({ method: request.method, type: request.headers['content-type'], body });
    response.writeHead(answer[0], { 'content-type': 'application/json' }).end(JSON.stringify(answer[1]));
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const dial = (host: string, port: number): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, host, () => resolve(socket));
      socket.once('error', reject);
    });
  async function deliver(operation: object, payloads: unknown[]): Promise<Outcome<Verdict[]>> {
    const plugin = declarativePlugin({ ...good, upsert: { ...good.upsert, ...operation } });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const log = { info: () => undefined, warn: () => undefined };
    const runtime = new PluginRuntime(plugin, { url, apiKey: 'k' }, { connect: dial, log });
    const items = payloads.map((payload, n) => ({ key: `k${n}`, payload }) as Item);
    const outcome = await runtime.deliver('upsert', items, AbortSignal.timeout(20_000));
    runtime.close();
    return outcome;
  }

  it('writes forms', async () => {
    const body = "{'To': item.payload.to, 'Media': item.payload.media, 'None': item.payload.none, 'N': 5}";
    const request = { url: 'settings.url', method: 'PUT', type: 'form', body };
    await deliver({ request }, [{ to: '+46 & 1', media: ['a', 'b'] }]);
    expect(seen.at(-1)).toEqual({
      method: 'PUT',
      type: 'application/x-www-form-urlencoded',
      body: 'To=%2B46+%26+1&Media=a&Media=b&N=5',
    });
  });

  const BATCH = {
    batch: 10,
    request: { url: 'settings.url', body: "{'contacts': [items.payload]}" },
    refuse: [{ when: '$exists(item.payload.bad)', code: 'bad', reason: 'It is bad.' }],
    verdict:
      "[response.body.results.(ok ? {'status': 'accepted'} : {'status': 'rejected', 'code': error, 'reason': 'No.'})]",
  };

  it('answers a batch item by item, in order, refused ones left out', async () => {
    answer = [200, { results: [{ ok: true }, { ok: false, error: 'dead' }] }];
    const outcome = await deliver(BATCH, [{ n: 1 }, { bad: true }, { n: 2 }]);
    expect(outcome).toMatchObject({
      value: [
        { status: 'accepted' },
        { status: 'rejected', code: 'bad', reason: 'It is bad.' },
        { status: 'rejected', code: 'dead', reason: 'No.' },
      ],
    });
    expect(JSON.parse(seen.at(-1)?.body ?? '')).toEqual({ contacts: [{ n: 1 }, { n: 2 }] });
  });

  it.each<[string, object, [number, object], unknown[]]>([
    ['no verdict', {}, [200, {}], ['accepted']],
    ['a verdict of nothing', { verdict: 'response.body.nothing' }, [200, {}], ['accepted']],
    ['a verdict of nothing, refused', { verdict: 'response.body.nothing' }, [400, {}], ['rejected']],
    ['a verdict of nothing, in trouble', { verdict: 'response.body.nothing' }, [500, {}], ['unknown']],
    ['a verdict of later', { verdict: "{'status': 'retry', 'afterSeconds': 5}" }, [200, {}], ['retry']],
    ['a verdict that is none', { verdict: '5' }, [200, {}], ['unknown']],
    ['a verdict that fails', { verdict: "$number('x')" }, [200, {}], ['unknown']],
    [
      'too few verdicts',
      { ...BATCH, verdict: "[{'status': 'accepted'}]" },
      [200, {}],
      ['unknown', 'unknown'],
    ],
    ['a request that fails', { request: { url: "$number('x')" } }, [200, {}], ['rejected']],
    ['no URL', { request: { url: "'nowhere'" } }, [200, {}], ['rejected']],
    ['endless work', { request: { url: '($f := function() { $f() }; $f())' } }, [200, {}], ['rejected']],
  ])('%s', async (_, operation, given, statuses) => {
    answer = given;
    const outcome = await deliver(
      operation,
      statuses.map((_, n) => ({ secret: 'ada@example.test', n })),
    );
    expect('value' in outcome && outcome.value.map(({ status }) => status)).toEqual(statuses);
    expect(JSON.stringify('value' in outcome && outcome.value)).not.toContain('ada@');
  });

  it('lets wrong credentials be told as such', async () => {
    answer = [401, {}];
    expect(await deliver({}, [{}])).toMatchObject({ fault: { code: 'bad-credentials' } });
  });
});
