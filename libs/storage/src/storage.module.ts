import { DynamicModule, Global, Inject, Module, OnApplicationShutdown } from '@nestjs/common';
import type { ClickHouseClient } from '@clickhouse/client';
import { CLOCK, Clock, systemClock } from '@percorso/kernel';
import { connectClickHouse } from './clickhouse';
import { Database } from './database';
import { Leases } from './leases/leases';

/** Injection token of the ClickHouse client. */
export const CLICKHOUSE = Symbol('ClickHouse');

export interface StorageOptions {
  databaseUrl: string;
  clickhouseUrl: string;
  poolSize?: number;
  clock?: Clock;
  onConnectionLost?: (error: Error) => void;
}

/** Database, ClickHouse client and clock for every other module. */
@Global()
@Module({})
export class StorageModule implements OnApplicationShutdown {
  constructor(
    private readonly database: Database,
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
  ) {}

  static forRoot(options: StorageOptions): DynamicModule {
    return {
      module: StorageModule,
      providers: [
        {
          provide: Database,
          useValue: new Database({
            url: options.databaseUrl,
            poolSize: options.poolSize,
            onConnectionLost: options.onConnectionLost,
          }),
        },
        { provide: CLICKHOUSE, useValue: connectClickHouse(options.clickhouseUrl) },
        { provide: CLOCK, useValue: options.clock ?? systemClock },
        Leases,
      ],
      exports: [Database, CLICKHOUSE, CLOCK, Leases],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.database.close(), this.clickhouse.close()]);
  }
}
