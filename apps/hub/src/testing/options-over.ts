import type { TestEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import type { HubOptions } from '../hub-options';
import { offlineOptions } from '../openapi/offline-options';

/** For specs: a hub over these engines, with queues of its own. */
export function optionsOver(engines: TestEngines, folder: string): HubOptions {
  const { databaseUrl, clickhouseUrl, redisUrl } = engines;
  return { ...offlineOptions(folder), databaseUrl, clickhouseUrl, redisUrl, queuePrefix: `spec-${newId()}` };
}
