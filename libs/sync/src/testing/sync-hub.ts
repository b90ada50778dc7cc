import { join } from 'node:path';
import { BullModule } from '@nestjs/bull';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AccessModule, serveModule } from '@percorso/access';
import { ConnectorModule } from '@percorso/connector';
import { DeliveryModule, type DeliveryWorkerModule } from '@percorso/delivery';
import type { Clock } from '@percorso/kernel';
import { MappingModule } from '@percorso/mapping';
import { StorageModule } from '@percorso/storage';
import type { SyncWorkerModule } from '../sync-worker.module';
import { SyncModule } from '../sync.module';

export const ROOT_KEY = 'root-key-of-the-sync-specs-0123456789';

export interface HubOptions {
  databaseUrl: string;
  clickhouseUrl: string;
  redisUrl: string;
  queuePrefix: string;
  masterKeyFile: string;
  /** @default PostgreSQL's time */
  clock?: Clock;
}

export type Workers = (typeof SyncWorkerModule | typeof DeliveryWorkerModule)[];

/** What of a hub has to do with syncs, on engines that run. */
export async function startSyncHub(options: HubOptions, workers: Workers): Promise<NestFastifyApplication> {
  const { databaseUrl, clickhouseUrl, redisUrl, queuePrefix, masterKeyFile, clock } = options;
  const { hostname, port, password } = new URL(redisUrl);
  const module = await Test.createTestingModule({
    imports: [
      StorageModule.forRoot({ databaseUrl, clickhouseUrl, clock }),
      BullModule.forRoot({ prefix: queuePrefix, redis: { host: hostname, port: Number(port), password } }),
      AccessModule.forRoot({ rootKey: ROOT_KEY }),
      MappingModule,
      ConnectorModule.forRoot({
        pluginDirectories: [join(__dirname, '..', '..', '..', '..', 'plugins')],
        masterKeyFile,
      }),
      DeliveryModule,
      SyncModule,
      ...workers,
    ],
  }).compile();
  return serveModule(module);
}
