import { AddressInfo } from 'node:net';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AccessModule, configureHttp, createHttpAdapter, INGEST_SCOPE, KeyService } from '@percorso/access';
import { IngestModule, IngestStore } from '@percorso/ingest';
import { newId } from '@percorso/kernel';
import { Database, StorageModule } from '@percorso/storage';
import { AppendLogStore } from './append-log.store';
import type { ServerOrder, ServerReady } from './ingest-side';

/** Never asked: collection does not touch ClickHouse. */
const NO_CLICKHOUSE = 'http://127.0.0.1:9';

async function serve(order: ServerOrder): Promise<ServerReady> {
  const { databaseUrl, logPath, name } = order;
  const storage = StorageModule.forRoot({ databaseUrl, clickhouseUrl: NO_CLICKHOUSE });
  const builder = Test.createTestingModule({ imports: [storage, AccessModule.forRoot(), IngestModule] });
  if (name === 'fsync-log')
    builder.overrideProvider(IngestStore).useValue(await AppendLogStore.open(logPath));
  const module = await builder.compile();
  const app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter(), {
    bodyParser: false,
    logger: ['error', 'fatal'],
  });
  configureHttp(app);
  await app.listen(0, '127.0.0.1');
  process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
  const workspaceId = newId();
  const writeKey = await app.get(Database).tx(workspaceId, async (tx) => {
    await tx.query(
      `INSERT INTO workspace (id, name, created_at, updated_at) VALUES ($1, 'bench', now(), now())`,
      [workspaceId],
    );
    return (await app.get(KeyService).issue(tx, 'write', { name, scopes: [INGEST_SCOPE] }, 'bench')).key;
  });
  return { port: (app.getHttpServer().address() as AddressInfo).port, writeKey, workspaceId };
}

process.once('message', (message) => {
  serve(message as ServerOrder).then(
    (ready) => process.send?.(ready),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// The bench ended, however it did.
process.once('disconnect', () => process.exit(0));
