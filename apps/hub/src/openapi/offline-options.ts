import { join } from 'node:path';
import { newSecret } from '@percorso/access';
import type { HubOptions } from '../hub-options';

/** Enough to compose the hub and describe it, with engines that nobody will ask. */
export function offlineOptions(folder: string): HubOptions {
  return {
    databaseUrl: 'postgres://nobody@127.0.0.1:1/none',
    clickhouseUrl: 'http://127.0.0.1:1',
    redisUrl: 'redis://127.0.0.1:1',
    rootKey: newSecret(),
    cursorSecret: Buffer.alloc(32),
    masterKeyFile: join(folder, 'master-key.json'),
    pluginDirs: [],
    roles: ['api', 'ingest'],
    logLevel: 'silent',
    poolSize: 2,
    queuePrefix: 'offline',
  };
}
