import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessModule, configureHttp, createHttpAdapter, INGEST_SCOPE, KeyService } from '@percorso/access';
import { newId } from '@percorso/kernel';
import { Database, StorageModule } from '@percorso/storage';
import { IngestModule } from '../ingest.module';

export interface CollectionUrls {
  databaseUrl: string;
  clickhouseUrl: string;
}

/** Collection alone, as the hub runs it, on a free port. */
export async function serveCollection(urls: CollectionUrls): Promise<NestFastifyApplication> {
  @Module({
    imports: [StorageModule.forRoot({ ...urls, poolSize: 6 }), AccessModule.forRoot(), IngestModule],
  })
  class CollectionModule {}
  const app = await NestFactory.create<NestFastifyApplication>(CollectionModule, createHttpAdapter(), {
    bodyParser: false,
    logger: ['error', 'fatal'],
    abortOnError: false,
  });
  configureHttp(app);
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  return app;
}

export interface TestWorkspace {
  workspaceId: string;
  writeKey: string;
  apiKey: string;
}

/** A workspace of the test's own with a key to send and a key to look. */
export async function newWorkspace(app: NestFastifyApplication): Promise<TestWorkspace> {
  const database = app.get(Database);
  const keys = app.get(KeyService);
  const workspaceId = newId();
  return database.tx(workspaceId, async (tx) => {
    await tx.query(
      `INSERT INTO workspace (id, name, created_at, updated_at) VALUES ($1, 'shop', now(), now())`,
      [workspaceId],
    );
    const write = await keys.issue(tx, 'write', { name: 'shop', scopes: [INGEST_SCOPE] }, 'test');
    const api = await keys.issue(tx, 'api', { name: 'admin', scopes: ['*'] }, 'test');
    return { workspaceId, writeKey: write.key, apiKey: api.key };
  });
}

export const basic = (writeKey: string): string => `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`;
