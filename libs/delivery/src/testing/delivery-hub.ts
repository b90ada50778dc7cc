import { BullModule } from '@nestjs/bull';
import { Test, type TestingModule } from '@nestjs/testing';
import { AccessModule } from '@percorso/access';
import type { TestEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { bullOptions, StorageModule } from '@percorso/storage';
import type { QueueOptions } from 'bull';
import { ConsentSource } from '../consent-source';
import { DEFAULT_DELIVERY, DELIVERY_OPTIONS, type DeliveryOptions } from '../delivery-options';
import { DeliveryWorkerModule } from '../delivery-worker.module';
import { DeliveryModule } from '../delivery.module';
import { ProviderGateway } from '../provider-gateway';
import { ProfileConsents } from './profile-consents';

export const ROOT_KEY = 'root-key-of-the-delivery-specs-0123456789';

export interface DeliveryHubOptions {
  gateway: ProviderGateway;
  /** @default as the hub reaches the Redis of the engines, under a prefix of its own */
  queues?: QueueOptions;
  delivery?: Partial<DeliveryOptions>;
}

/** What of a hub delivers, as it is composed for real but for the providers; not started yet, and silent. */
export async function composeDelivery(
  engines: TestEngines,
  { gateway, queues, delivery }: DeliveryHubOptions,
): Promise<TestingModule> {
  const { databaseUrl, clickhouseUrl, redisUrl } = engines;
  const module = await Test.createTestingModule({
    imports: [
      StorageModule.forRoot({ databaseUrl, clickhouseUrl }),
      AccessModule.forRoot({ rootKey: ROOT_KEY }),
      BullModule.forRootAsync({ useFactory: () => queues ?? bullOptions(redisUrl, newId()) }),
      DeliveryModule,
      DeliveryWorkerModule,
    ],
  })
    .overrideProvider(ProviderGateway)
    .useValue(gateway)
    .overrideProvider(ConsentSource)
    .useClass(ProfileConsents)
    .overrideProvider(DELIVERY_OPTIONS)
    .useValue({ ...DEFAULT_DELIVERY, ...delivery })
    .compile();
  module.useLogger(false);
  return module;
}
