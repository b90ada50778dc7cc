import { AddressInfo } from 'node:net';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Client } from 'pg';
import { startTestEngines, TestEngines } from '@percorso/engines';
import { migrate } from '@percorso/storage';
import { ByteBudget } from './byte-budget';
import { IngestWriter } from './ingest-writer';
import { basic, newWorkspace, serveCollection, TestWorkspace } from './testing/collection';
import { Severable } from './testing/severable';

describe('collection under pressure', () => {
  let engines: TestEngines;
  let app: NestFastifyApplication;
  let mine: TestWorkspace;
  let way: Severable;

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    way = new Severable(new URL(engines.databaseUrl));
    await way.mend();
    app = await serveCollection({ ...engines, databaseUrl: way.url });
    mine = await newWorkspace(app);
  });
  afterAll(async () => {
    await app?.close();
    await way?.cut();
    await engines?.stop();
  });

  const send = (events: number, size: number): Promise<Response> =>
    fetch(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/v1/batch`, {
      method: 'POST',
      body: JSON.stringify({
        batch: Array.from({ length: events }, (_, i) => ({
          type: 'track',
          messageId: `m${i}`,
          userId: 'u',
          event: 'x'.repeat(size),
        })),
      }),
      headers: { authorization: basic(mine.writeKey) },
    });

  it('answers 429 with Retry-After when too much waits for its commit, and takes the rest once it can', async () => {
    expect((await send(1, 1)).status).toBe(200);
    const blocker = new Client({ connectionString: engines.databaseUrl });
    await blocker.connect();
    await blocker.query('BEGIN');
    await blocker.query('SELECT FROM percorso.ingest_head WHERE workspace_id = $1 FOR UPDATE', [
      mine.workspaceId,
    ]);
    const waiting = Array.from({ length: 100 }, () => send(10, 45_000));
    const refused = await Promise.race(waiting);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'under-pressure' });
    expect(app.get(ByteBudget).waiting).toBeLessThanOrEqual(app.get(ByteBudget).limit);
    await blocker.query('ROLLBACK');
    await blocker.end();
    const counts = { 200: 0, 429: 0 };
    for (const answer of await Promise.all(waiting)) counts[answer.status as 200 | 429]++;
    expect(counts[200]).toBeGreaterThan(50);
    expect(counts[200] + counts[429]).toBe(100);
    expect((await send(1, 1)).status).toBe(200);
    expect(app.get(ByteBudget).waiting).toBe(0);
  });

  it('answers 503 with Retry-After while PostgreSQL is away, and goes on when it is back', async () => {
    expect((await send(1, 1)).status).toBe(200);
    await way.cut();
    const refused = await send(1, 1);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await way.mend();
    expect((await send(1, 1)).status).toBe(200);
  });

  it('finishes what waits before it stops', async () => {
    const writer = app.get(IngestWriter);
    const receipts = Array.from({ length: 50 }, (_, i) =>
      writer.accept({ workspaceId: mine.workspaceId, sourceId: 'test', items: [{ n: i }, { n: i }] }),
    );
    await writer.drain();
    const first = (await receipts[0])?.pos ?? 0;
    expect((await Promise.all(receipts)).map(({ pos }) => pos)).toEqual(
      receipts.map((_, i) => first + 2 * i),
    );
  });
});
