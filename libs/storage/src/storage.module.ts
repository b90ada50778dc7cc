import { DynamicModule, Global, Module, OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, Clock, systemClock } from '@percorso/kernel';
import { Database } from './database';
import { Leases } from './leases/leases';
import { Shards } from './shards';

export interface StorageOptions {
  databaseUrl: string;
  /** One server, or one URL for each shard, in their order. */
  clickhouseUrl: string | readonly string[];
  /** The ClickHouse cluster whose replicas hold the tables, if they are replicated. */
  clickhouseCluster?: string;
  poolSize?: number;
  clock?: Clock;
  onConnectionLost?: (error: Error) => void;
}

/** Database, ClickHouse and clock for every other module. */
@Global()
@Module({})
export class StorageModule implements OnApplicationShutdown {
  constructor(
    private readonly database: Database,
    private readonly shards: Shards,
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
        {
          provide: Shards,
          useValue: Shards.connect([options.clickhouseUrl].flat(), options.clickhouseCluster),
        },
        { provide: CLOCK, useValue: options.clock ?? systemClock },
        Leases,
      ],
      exports: [Database, Shards, CLOCK, Leases],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.database.close(), this.shards.close()]);
  }
}
