import { Agent, request } from 'node:http';
import { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Analytics } from '@segment/analytics-node';
import { newId } from '@percorso/kernel';
import { startTestEngines, TestEngines } from '@percorso/engines';
import { Database, migrate } from '@percorso/storage';
import { IngestLog } from './ingest-log';
import { MAX_BODY_BYTES } from './limits';
import { parseItem } from './parse-item';
import { basic, newWorkspace, serveCollection, TestWorkspace } from './testing/collection';

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown>;
}

describe('collection over HTTP', () => {
  let engines: TestEngines;
  let app: NestFastifyApplication;
  let port: number;
  let mine: TestWorkspace;
  const agent = new Agent({ keepAlive: true });

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    app = await serveCollection(engines);
    port = (app.getHttpServer().address() as AddressInfo).port;
  });
  beforeEach(async () => {
    mine = await newWorkspace(app);
  });
  afterAll(async () => {
    agent.destroy();
    await app?.close();
    await engines?.stop();
  });

  function post(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          port,
          path,
          method: 'POST',
          agent,
          headers: { authorization: basic(mine.writeKey), 'content-type': 'application/json', ...headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async function logged(): Promise<Record<string, unknown>[]> {
    const chunks = await app
      .get(Database)
      .tx(mine.workspaceId, (tx) => app.get(IngestLog).read(tx, 0, 0, 10_000));
    return chunks.flatMap((chunk) => chunk.items.map((item) => item.value as Record<string, unknown>));
  }

  const track = (messageId: string): object => ({ type: 'track', messageId, userId: 'u', event: 'e' });
  const batch = (...items: unknown[]): string =>
    JSON.stringify({ batch: items, sentAt: new Date().toISOString() });

  it('takes what the unmodified Segment SDK sends, every call of it valid', async () => {
    const analytics = new Analytics({ writeKey: mine.writeKey, host: `http://127.0.0.1:${port}` });
    const failures: unknown[] = [];
    analytics.on('error', (error) => failures.push(error));
    analytics.identify({ userId: 'u1', traits: { email: 'a@shop.test' } });
    analytics.track({ userId: 'u1', event: 'Order Completed', properties: { total: 12.5 } });
    analytics.page({ userId: 'u1', name: 'Home' });
    analytics.group({ userId: 'u1', groupId: 'g1', traits: { plan: 'pro' } });
    analytics.alias({ userId: 'u1', previousId: 'old' });
    await analytics.closeAndFlush();
    expect(failures).toEqual([]);
    const items = await logged();
    expect(items.map((item) => item.type)).toEqual(['identify', 'track', 'page', 'group', 'alias']);
    const place = { partition: 0, pos: 1, receivedAt: new Date() };
    for (const item of items) expect(parseItem(item, place)).toHaveProperty('ok');
  });

  it.each([
    ['identify', 'i'],
    ['track', 't'],
    ['page', 'p'],
    ['screen', 's'],
    ['group', 'g'],
    ['alias', 'a'],
  ])('knows the type of /v1/%s and /v1/%s, and keeps no write key', async (name, letter) => {
    const body = JSON.stringify({ userId: 'u', writeKey: mine.writeKey, properties: { a: [1, '}'] } });
    expect(await post(`/v1/${name}`, body)).toMatchObject({ status: 200, body: { success: true } });
    expect((await post(`/v1/${letter}`, body, { 'content-type': 'text/plain' })).status).toBe(200);
    const kept = { type: name, userId: 'u', properties: { a: [1, '}'] } };
    expect(await logged()).toEqual([kept, kept]);
  });

  it.each(['/v1/batch', '/v1/import', '/v1/b'])('takes a batch at %s', async (path) => {
    expect((await post(path, batch(track('1'), track('2')))).status).toBe(200);
    expect(await logged()).toEqual([track('1'), track('2')]);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
  ])('undoes %s, whatever the content type says', async (encoding, compress) => {
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'nonsense', '']) {
      const answer = await post('/v1/batch', compress(Buffer.from(batch(track('1')))), {
        'content-encoding': encoding,
        'content-type': type,
      });
      expect(answer.status).toBe(200);
    }
    expect(await logged()).toHaveLength(4);
  });

  it('gives the batch’s context to items without one', async () => {
    const items = [
      { ...track('1') },
      { ...track('2'), context: { ip: '2' } },
      { ...track('3'), context: null },
      {},
      7,
    ];
    expect((await post('/v1/batch', JSON.stringify({ context: { ip: '1' }, batch: items }))).status).toBe(
      200,
    );
    expect((await logged()).map((item) => item.context)).toEqual([
      { ip: '1' },
      { ip: '2' },
      { ip: '1' },
      { ip: '1' },
      undefined,
    ]);
  });

  it('answers 200 to a batch with bad items and keeps them for the quarantine', async () => {
    const poison = '{"type":"track","event":"\\u0000","userId":"\\ud800"}';
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = `{"batch":[${JSON.stringify(track('1'))},${poison},null,${deep}]}`;
    expect((await post('/v1/batch', body)).status).toBe(200);
    const items = await logged();
    const place = { partition: 0, pos: 1, receivedAt: new Date() };
    expect(items.map((item) => 'ok' in parseItem(item, place))).toEqual([true, false, false, false]);
  });

  it.each([
    ['no JSON', '{"batch":[', 400, 'malformed-json'],
    ['an empty body', '', 400, 'malformed-json'],
    ['a list', '[]', 400, 'not-an-object'],
    ['null', 'null', 400, 'not-an-object'],
    ['no batch', '{}', 400, 'batch-missing'],
    ['a batch that is no list', '{"batch":{}}', 400, 'batch-missing'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'invalid-utf8'],
    ['UTF-8 of a surrogate', Buffer.from('{"batch":["\xed\xa0\x80"]}', 'latin1'), 400, 'invalid-utf8'],
    ['2,501 events', batch(...Array.from({ length: 2501 }, () => 1)), 413, 'too-large'],
    ['a byte too many', batch('x'.repeat(MAX_BODY_BYTES)), 413, 'too-large'],
  ])('refuses %s', async (_, body, status, code) => {
    const answer = await post('/v1/batch', body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.headers['content-type']).toMatch('application/problem+json');
    expect(await logged()).toEqual([]);
  });

  it('refuses broken and unknown encodings', async () => {
    expect(await post('/v1/batch', 'no gzip', { 'content-encoding': 'gzip' })).toMatchObject({
      status: 400,
      body: { code: 'bad-encoding' },
    });
    expect((await post('/v1/batch', '{}', { 'content-encoding': 'gzip, gzip' })).status).toBe(415);
  });

  it.each([
    ['unknown', 'pw_unknown'],
    ['of another kind', 'api'],
    ['absent', ''],
  ])('answers 401 to a key that is %s', async (_, key) => {
    const authorization = key === '' ? 'Basic Og==' : basic(key === 'api' ? `${mine.apiKey}x` : key);
    expect((await post('/v1/batch', batch(track('1')), { authorization })).status).toBe(401);
  });

  it('takes the write key from the body when no header has one', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/t`, {
      method: 'POST',
      body: JSON.stringify({ ...track('1'), writeKey: mine.writeKey }),
      headers: { 'content-type': 'text/plain' },
    });
    expect(answer.status).toBe(200);
    const items = await logged();
    expect(items).toEqual([track('1')]);
  });

  it('holds no more than the limit of bombs and of bodies without end', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20), { level: 9 });
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 20; i++) {
      const answer = await post('/v1/batch', bomb, { 'content-encoding': 'gzip' });
      expect(answer.status).toBe(413);
    }
    const endless = await new Promise<number>((resolve) => {
      const sent = request(
        { port, path: '/v1/batch', method: 'POST', headers: { authorization: basic(mine.writeKey) } },
        (response) => {
          sent.destroy();
          resolve(response.statusCode ?? 0);
        },
      );
      sent.on('error', () => undefined);
      const pump = (): void => {
        while (!sent.destroyed && sent.write(Buffer.alloc(65536, 0x20)));
        if (!sent.destroyed) sent.once('drain', pump);
      };
      pump();
    });
    expect(endless).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024);
  });

  it('refuses by the declared length before a byte of the body came', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const sent = request({
        port,
        path: '/v1/batch',
        method: 'POST',
        headers: { 'content-length': '104857600' },
      });
      sent.on('response', (response) => {
        resolve(response.statusCode ?? 0);
        sent.destroy();
      });
      sent.on('error', reject);
      sent.flushHeaders();
    });
    expect(status).toBe(413);
  });

  it('answers the preflight of browsers and names their origin', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/t`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://shop.test',
        'access-control-request-headers': 'authorization,x-retry-count',
      },
    });
    expect(answer.status).toBe(204);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': 'https://shop.test',
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'authorization,x-retry-count',
    });
    const refused = await post('/v1/t', '{', { origin: 'https://shop.test' });
    expect(refused.headers['access-control-allow-origin']).toBe('https://shop.test');
  });

  it('leaves the admin routes their JSON', async () => {
    const admin = (type: string, body: string): Promise<Answer> =>
      post('/v1/write-keys', body, { authorization: `Bearer ${mine.apiKey}`, 'content-type': type });
    expect((await admin('application/json', '{"name":"app"}')).status).toBe(201);
    expect((await admin('application/x-percorso-collect', '{"name":"app"}')).status).toBe(415);
    expect((await admin('text/plain', '{"name":"app"}')).status).toBe(422);
  });

  it('tells an admin how far it is, and nothing of another workspace', async () => {
    await post('/v1/batch', batch(track('1'), track('2')));
    const get = async (path: string): Promise<unknown> =>
      (
        await fetch(`http://127.0.0.1:${port}${path}`, {
          headers: { authorization: `Bearer ${mine.apiKey}` },
        })
      ).json();
    expect(await get('/v1/ingest')).toEqual({
      head: 2,
      applied: 0,
      loaded: 0,
      accepted: 0,
      duplicates: 0,
      quarantined: 0,
    });
    expect(await get('/v1/quarantine')).toEqual({ data: [], next: null });
    const before = mine;
    const { workspaceId } = mine;
    mine = await newWorkspace(app);
    expect(await get('/v1/ingest')).toMatchObject({ head: 0 });
    const ids = [newId(), newId(), newId()];
    await app.get(Database).tx(workspaceId, (tx) =>
      tx.query(
        `INSERT INTO quarantine (workspace_id, id, partition, pos, received_at, source_id, code, reason, pointer, payload)
         SELECT $1, id, 0, n, now(), 's', 'time-invalid', 'why', '/timestamp', '{"a":1}'
         FROM unnest($2::uuid[]) WITH ORDINALITY AS q (id, n)`,
        [workspaceId, ids],
      ),
    );
    expect(await get(`/v1/quarantine/${ids[0]}`)).toMatchObject({ status: 404 });
    mine = before;
    const page = (await get('/v1/quarantine?limit=2')) as { data: { id: string }[]; next: string };
    expect(page.data.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(await get(`/v1/quarantine?cursor=${page.next}`)).toMatchObject({
      data: [{ id: ids[0], pos: 1 }],
      next: null,
    });
    expect(await get(`/v1/quarantine/${ids[0]}`)).toMatchObject({
      code: 'time-invalid',
      pointer: '/timestamp',
      messageId: null,
      payload: '{"a":1}',
    });
  });
});
