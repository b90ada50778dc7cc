import { Module, NestModule } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { ByteBudget } from './byte-budget';
import { registerCollectReader } from './collect-http';
import { CollectController } from './collect.controller';
import { CollectService } from './collect.service';
import { IngestController } from './ingest.controller';
import { IngestLog } from './ingest-log';
import { IngestSignal } from './ingest-signal';
import { IngestStore } from './ingest.store';
import { IngestWriter } from './ingest-writer';
import { PartitionKeeper } from './partition-keeper';
import { QuarantineStore } from './quarantine.store';
import { SettingsController } from './settings.controller';

/** Bytes of requests a process may hold until their commit. */
const WAITING_BYTES = 32 * 1024 * 1024;

/** Collection of events, and the log others read. Needs AccessModule and StorageModule. */
@Module({
  controllers: [CollectController, SettingsController, IngestController],
  providers: [
    { provide: ByteBudget, useFactory: () => new ByteBudget(WAITING_BYTES) },
    CollectService,
    IngestLog,
    IngestSignal,
    IngestStore,
    IngestWriter,
    PartitionKeeper,
    QuarantineStore,
  ],
  exports: [IngestLog, IngestSignal, IngestWriter],
})
export class IngestModule implements NestModule {
  constructor(
    private readonly http: HttpAdapterHost,
    private readonly budget: ByteBudget,
  ) {}

  // The one call that comes before Nest registers the routes, however the application is built.
  configure(): void {
    const fastify = this.http.httpAdapter?.getInstance<FastifyInstance | undefined>();
    if (fastify) registerCollectReader(fastify, { budget: this.budget });
  }
}
