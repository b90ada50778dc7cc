import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { itemwise } from '../itemwise';
import { capability, type Context, definePlugin, type Deliver, type Item } from '../plugin';
import { accepted, rejected, type Verdict } from '../verdict';
import { type HttpExchange, MOST_BODY, partOf } from './exchanges';
import { PluginRuntime } from './plugin-runtime';

class Settings {}

/** A provider that answers with the status its path asks for, and with what it got. */
describe('what went over the wire', () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        if (request.url === '/reset') return void request.socket.destroy();
        response.writeHead(Number(request.url?.slice(1, 4)), {
          'content-type': 'application/json',
          'x-request-id': 'r1',
        });
        response.end(JSON.stringify({ got: body }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const item = (key: string, payload: object): Item => ({ key, payload: payload as Item['payload'] });

  async function deliver(how: Deliver<Settings>, items: Item[]) {
    const send = capability(how, { idempotency: 'none', batch: 10, perSecond: 100 });
    const plugin = definePlugin({ settings: Settings, check: async () => undefined, send });
    const runtime = new PluginRuntime(plugin, new Settings(), {
      connect: async (host, port) => connect(port, host),
      log: { info: () => undefined, warn: () => undefined },
    });
    const outcome = await runtime.deliver('send', items, AbortSignal.timeout(10_000));
    runtime.close();
    if ('fault' in outcome) throw new Error(outcome.fault.message);
    return outcome;
  }

  const post = async (ctx: Context<Settings>, payload: Item['payload']): Promise<Verdict> => {
    await ctx.http.post(`${url}/${String(payload.status)}`, payload);
    return accepted();
  };

  it('is told of each item that failed, by the request that was about it, and of none that was taken', async () => {
    const items = [200, 422, 200, 400, 422].map((status, n) => item(`k${n}`, { status, n }));
    const { value, exchanges } = await deliver(
      itemwise(async ({ payload }, ctx) => post(ctx, payload)),
      items,
    );
    expect(value.map(({ status }) => status)).toEqual([
      'accepted',
      'rejected',
      'accepted',
      'rejected',
      'rejected',
    ]);
    expect(exchanges?.map(({ items, of }) => [items, of])).toEqual([
      [[1], [1]],
      [[3], [3]],
      [[4], [4]],
    ]);
    expect(exchanges?.map(({ exchange }) => exchange)).toMatchObject(
      [1, 3, 4].map((n) => ({
        kind: 'http',
        request: {
          method: 'POST',
          url: `${url}/${String(items[n]!.payload.status)}`,
          body: { text: JSON.stringify(items[n]!.payload) },
        },
        response: {
          status: items[n]!.payload.status,
          headers: { 'x-request-id': 'r1' },
          body: { text: JSON.stringify({ got: JSON.stringify(items[n]!.payload) }) },
        },
        error: null,
      })),
    );
    expect(
      (
        await deliver(
          itemwise(async ({ payload }, ctx) => post(ctx, payload)),
          [items[0]!],
        )
      ).exchanges,
    ).toBeUndefined();
  });

  it('is one for all items of a batch, with the place of each', async () => {
    const items = ['a', 'b', 'c'].map((key) => item(key, { key }));
    const { exchanges } = await deliver(async (all, ctx) => {
      await ctx.http.request({ method: 'put', url: `${url}/400`, data: all.map(({ key }) => key) });
      return all.map(() => accepted());
    }, items);
    expect(exchanges).toMatchObject([
      {
        items: [0, 1, 2],
        of: [0, 1, 2],
        exchange: { request: { method: 'PUT', body: { text: '["a","b","c"]', bytes: 13 } } },
      },
    ]);
  });

  it('is told by a plugin that splits a batch itself, however it asks; an item nothing was asked about has none', async () => {
    const items = ['none', 'call', 'request', 'get', 'patch'].map((key) => item(key, { key }));
    const { exchanges } = await deliver(async (all, ctx) => {
      for (const one of all.slice(1)) {
        const { http } = partOf(ctx, [one]);
        const how: Record<string, () => Promise<unknown>> = {
          call: () => http(`${url}/404?about=call`),
          request: () => http.request({ url: `${url}/404?about=request` }),
          get: () => http.get(`${url}/404?about=get`, { params: { more: 1 } }),
          patch: () => http.patch(`${url}/404?about=patch`, { it: 1 }),
        };
        await how[one.key]!().catch(() => undefined);
      }
      return all.map(() => rejected('no', 'No.'));
    }, items);
    const seen = exchanges?.map(({ items, exchange }) => [
      items,
      new URL((exchange as HttpExchange).request.url).searchParams.get('about'),
    ]);
    expect(seen).toEqual([
      [[1], 'call'],
      [[2], 'request'],
      [[3], 'get'],
      [[4], 'patch'],
    ]);
  });

  it('is cut, and says how long it was; without an answer it says why', async () => {
    const long = 'é'.repeat(MOST_BODY);
    const { exchanges } = await deliver(
      itemwise(async ({ payload }, ctx) => post(ctx, payload)),
      [item('long', { status: 422, long }), item('reset', { status: 'reset' })],
    );
    const [cut, lost] = exchanges!.map(({ exchange }) => exchange as HttpExchange);
    expect(cut!.request.body!.text).toHaveLength(MOST_BODY);
    expect(cut!.request.body!.bytes).toBe(Buffer.byteLength(JSON.stringify({ status: 422, long })));
    expect(lost).toMatchObject({ response: null, error: 'ECONNRESET' });
  });

  it('is the size of a stream where no HTTP was spoken', async () => {
    const { exchanges } = await deliver(
      async (all, ctx) => {
        const { hostname, port } = new URL(url);
        const socket = await ctx.connect(hostname, Number(port));
        await new Promise<void>((resolve) => socket.write('HELO\r\n', () => resolve()));
        socket.destroy();
        return all.map(() => rejected('550', 'No.'));
      },
      [item('mail', {})],
    );
    expect(exchanges).toMatchObject([
      { items: [0], exchange: { kind: 'stream', host: '127.0.0.1', sentBytes: 6 } },
    ]);
  });
});
