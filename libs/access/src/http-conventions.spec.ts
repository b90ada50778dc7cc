import { connect } from 'node:net';
import axios, { AxiosResponse } from 'axios';
import { startTestEngines } from '@percorso/engines';
import { AccessServer, startAccessServer } from './access-fixture';

describe('what every route shares', () => {
  let server: AccessServer;
  let key: string;

  beforeAll(async () => {
    server = await startAccessServer(await startTestEngines());
    ({ adminKey: key } = await server.workspace());
  });
  afterAll(() => server?.close());

  const send = (body: string | Buffer, type = 'application/json', path = '/v1/orders') =>
    axios.post(`${server.url}${path}`, body, {
      headers: { authorization: `Bearer ${key}`, 'content-type': type },
      validateStatus: () => true,
      proxy: false,
      maxBodyLength: Infinity,
      transformRequest: (data: unknown) => data,
    });

  const raw = (text: string | Buffer): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port, hostname } = new URL(server.url);
      const socket = connect(Number(port), hostname, () => socket.end(text));
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });

  it.each([
    ['broken JSON', '{"title": canary@example.com', 400, 'malformed'],
    ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 400, 'malformed'],
    ['a prototype', '{"title":"a","__proto__":{"admin":true}}', 400, 'malformed'],
    ['a nested prototype', '{"title":"a","extra":{"x":[{"__proto__":1}]}}', 400, 'malformed'],
    ['an array', '[]', 422, 'invalid'],
    ['a text', '"canary@example.com"', 422, 'invalid'],
    ['null', 'null', 422, 'invalid'],
    ['no body', '', 422, 'invalid'],
    ['NUL', '{"title":"a\\u0000b"}', 422, 'invalid'],
    ['half a surrogate pair', '{"title":"\\ud800"}', 422, 'invalid'],
    ['100 levels', `{"title":"a","extra":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}`, 422, 'invalid'],
    [
      '10,000 levels',
      `{"title":"a","extra":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`,
      422,
      'invalid',
    ],
  ])('refuses %s as a problem', async (_what, body, status, code) => {
    const answer = await send(body);
    expect([answer.status, answer.data.code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.data.type).toBe(`urn:percorso:problem:${code}`);
    expect(JSON.stringify(answer.data)).not.toMatch(/canary|position \d|line \d/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  it('refuses other media types and oversized bodies', async () => {
    expect((await send('a=1', 'application/x-www-form-urlencoded')).status).toBe(415);
    expect((await send('<a/>', 'text/xml')).data.code).toBe('media-type-unsupported');
    const large = await send(`{"title":"${'x'.repeat(5 * 1024 * 1024)}"}`);
    expect([large.status, large.data.code]).toEqual([413, 'body-too-large']);
  });

  it('answers unknown paths, other spellings and broken paths with problems, never with the route', async () => {
    const paths = [
      '/v1/nothing',
      '//v1/orders',
      '/v1/orders/',
      '/V1/orders',
      '/v1/Orders',
      '/v1/orders;x',
      '/v1//orders',
    ];
    for (const path of paths) {
      const { status, data } = await server.http(key).get(server.url + path);
      expect([path, status, data.code]).toEqual([path, 404, 'no-such-route']);
    }
    const broken = await raw('GET /v1/%zz HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n');
    expect(broken).toMatch(/^HTTP\/1.1 400/);
    expect(broken).toContain('application/problem+json');
  });

  it('guards an encoded path like the plain one', async () => {
    for (const path of ['/v1/orders', '/v1/%6frders', '/%761/orders', '/v1/orders?x=%2e%2e']) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n`);
      expect([path, answer.slice(9, 12)]).toEqual([path, '401']);
    }
    const head = await server.http().head('/v1/orders');
    expect(head.status).toBe(401);
  });

  it('points into nested fields and arrays, and names unknown fields', async () => {
    const { status, data } = await server.http(key).post('/v1/orders', {
      lines: [
        { sku: 'a', count: 1 },
        { sku: 2, count: 1.5, 'we/ird~': 1 },
      ],
      workspaceId: 'mine',
    });
    expect(status).toBe(422);
    const found = data.errors.map(
      ({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`,
    );
    expect(found.sort()).toEqual([
      '/lines/1/count is-int',
      '/lines/1/sku is-string',
      '/lines/1/we~1ird~0 unknown-field',
      '/title is-string',
      '/workspaceId unknown-field',
    ]);
  });

  it('names query parameters', async () => {
    const { status, data } = await server.http(key).get('/v1/orders?limit=5000&nope=1');
    expect(status).toBe(422);
    expect(data.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual(['limit', 'nope']);
  });

  it('answers 404 to ids that cannot exist', async () => {
    for (const id of ['1', 'x%27%20OR%201=1', '..%2f..%2fetc', '%00']) {
      expect((await server.http(key).get(`/v1/orders/${id}`)).status).toBe(404);
    }
  });

  it('closes a route that names no scope', async () => {
    expect((await server.http(key).post('/v1/orders/unscoped')).status).toBe(403);
    expect((await server.http(server.rootKey).post('/v1/orders/unscoped')).status).toBe(403);
  });

  it('tells nothing of failures inside', async () => {
    const { status, data } = await server.http(key).post('/v1/orders', { title: 'explode' });
    expect([status, data.code]).toEqual([500, 'internal']);
    expect(JSON.stringify(data)).not.toMatch(/canary|TypeError|secret/);
  });

  it('links pages with cursors that cannot be made up', async () => {
    const seen: number[] = [];
    let path: string | undefined = '/v1/orders?limit=100';
    while (path) {
      const { data, headers }: AxiosResponse = await server.http(key).get(path);
      seen.push(...data.data);
      path = /^<([^>]+)>; rel="next"$/.exec(headers.link ?? '')?.[1];
      expect(path === undefined).toBe(data.next === null);
    }
    expect(seen).toEqual(Array.from({ length: 250 }, (_, i) => i));
    const { next } = (await server.http(key).get('/v1/orders?limit=1')).data;
    const forged = Buffer.from(next, 'base64url');
    forged[forged.length - 2]! ^= 1;
    for (const cursor of [forged.toString('base64url'), 'abc', '', `${next}A`, '%00']) {
      const { status } = await server.http(key).get(`/v1/orders?limit=1&cursor=${cursor}`);
      expect([400, 422]).toContain(status);
    }
  });
});
