import { BullModule } from '@nestjs/bull';
import { DynamicModule, Global, Logger, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessModule } from '@percorso/access';
import { bullOptions, StorageModule } from '@percorso/storage';
import { LoggerModule } from 'nestjs-pino';
import { features } from './features';
import { HealthController } from './health/health.controller';
import { ReadinessService } from './health/readiness';
import { HUB_OPTIONS, HubOptions } from './hub-options';
import { loggerParams } from './logging/logger';
import { HttpMetrics } from './metrics/http-metrics';
import { MetricsController } from './metrics/metrics.controller';
import { StoreMetrics } from './metrics/store-metrics';
import { RoleGuard } from './role.guard';

/** Composition only: what each feature is made of is its own module's business. */
@Global()
@Module({})
export class HubModule {
  static forRoot(options: HubOptions): DynamicModule {
    const logger = new Logger('PostgreSQL');
    return {
      module: HubModule,
      imports: [
        LoggerModule.forRoot(loggerParams(options.logLevel)),
        StorageModule.forRoot({
          databaseUrl: options.databaseUrl,
          clickhouseUrl: options.clickhouseUrl,
          clickhouseCluster: options.clickhouseCluster,
          poolSize: options.poolSize,
          clock: options.clock,
          onConnectionLost: () => logger.warn('A connection was lost; it is replaced when it is needed.'),
        }),
        BullModule.forRootAsync({
          useFactory: () => bullOptions(options.redisUrl, options.queuePrefix),
        }),
        AccessModule.forRoot({ rootKey: options.rootKey, cursorSecret: options.cursorSecret }),
        ...features(options),
      ],
      controllers: [HealthController, MetricsController],
      providers: [
        { provide: HUB_OPTIONS, useValue: options },
        { provide: APP_GUARD, useClass: RoleGuard },
        ReadinessService,
        HttpMetrics,
        StoreMetrics,
      ],
      exports: [HUB_OPTIONS],
    };
  }
}
