import { createServer } from 'node:net';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadMasterKeys } from '@percorso/connector';
import { checkUrl, type Engines, startEngines } from '@percorso/engines';
import type { Clock } from '@percorso/kernel';
import { Database, migrate, Shards } from '@percorso/storage';
import { ConfigError, HubConfig } from './config/config';
import { loadRootKey } from './config/root-key';
import { createHub } from './create-hub';
import type { HubOptions } from './hub-options';

export interface RunningHub {
  app: NestFastifyApplication;
  engines: Engines;
  url: string;
  /** Where the operator's key can be read; undefined when the environment holds it. */
  rootKeyFile?: string;
}

/** Plugins that come with the hub. */
const OWN_PLUGINS = join(__dirname, '..', '..', '..', 'plugins');

/** Engines, schema, application, port: in this order, each failure a single clear error. @param clock business time */
export async function start(
  config: HubConfig,
  say: (line: string) => void,
  clock?: Clock,
): Promise<RunningHub> {
  await assertPortFree(config);
  const root = loadRootKey(config);
  await Promise.all((config.clickhouseShards ?? []).map((url) => checkUrl('clickhouse', url)));
  const engines = await startEngines({
    databaseUrl: config.databaseUrl,
    clickhouseUrl: config.clickhouseShards?.[0] ?? config.clickhouseUrl,
    redisUrl: config.redisUrl,
    dataDir: config.dataDir,
    log: say,
    // Collecting needs no queue; whoever needs one learns of a wrong URL at the start.
    mayBeDown: config.roles.every((role) => role === 'ingest') ? ['redis'] : [],
  });
  try {
    await migrateBoth(config, engines);
    const app = await createHub({ ...(await optionsOf(config, engines, root.key)), clock });
    await app.listen(config.port, config.host);
    return { app, engines, url: await urlOf(app, config.host), rootKeyFile: root.file };
  } catch (error) {
    await engines.stop();
    throw error;
  }
}

async function migrateBoth(config: HubConfig, engines: Engines): Promise<void> {
  const urls = config.clickhouseShards ?? [engines.clickhouseUrl];
  const shards = Shards.connect(urls, config.clickhouseCluster);
  try {
    await migrate(engines.databaseUrl, shards);
  } finally {
    await shards.close();
  }
}

async function optionsOf(config: HubConfig, engines: Engines, rootKey: string): Promise<HubOptions> {
  const masterKeyFile = config.masterKeyFile ?? join(config.dataDir, 'master-key.json');
  // The oldest key outlives rotations, and cursors must too.
  const [cursorSecret = Buffer.alloc(0)] = loadMasterKeys(masterKeyFile).keys.values();
  return {
    databaseUrl: engines.databaseUrl,
    clickhouseUrl: config.clickhouseShards ?? engines.clickhouseUrl,
    clickhouseCluster: config.clickhouseCluster,
    redisUrl: engines.redisUrl,
    rootKey,
    cursorSecret,
    masterKeyFile,
    extraCaFile: config.extraCaFile,
    pluginDirs: [OWN_PLUGINS, ...(config.pluginDirs ?? [])],
    installDirectory: join(config.dataDir, 'plugins'),
    pluginRegistry: config.pluginRegistry,
    advisoryPlugins: config.advisoryPlugins === 'allowed',
    roles: config.roles,
    logLevel: config.logLevel,
    poolSize: config.poolSize,
    partitions: config.partitions,
    eventDays: config.eventDays,
    journeyDays: config.journeyDays,
    trustProxy: config.trustProxy,
    publicUrl: config.publicUrl,
    hookCalls: config.hookCalls,
    queuePrefix: `percorso-${await databaseBirth(engines.databaseUrl)}`,
  };
}

/** When this database was first migrated, to the microsecond: what no other database has. */
async function databaseBirth(url: string): Promise<string> {
  const database = new Database({ url, poolSize: 1 });
  try {
    const { rows } = await database.control((tx) =>
      tx.query<{ birth: string }>(
        `SELECT to_char(min(applied_at) AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') AS birth FROM migration`,
      ),
    );
    return rows[0]?.birth ?? 'new';
  } finally {
    await database.close();
  }
}

/** Before engines are started, so that a second hub by mistake says so at once. */
async function assertPortFree({ port, host }: HubConfig): Promise<void> {
  if (port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port, host)));
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

/** A failure to listen in words; other errors unchanged. */
export function listenError(error: NodeJS.ErrnoException, port: number, host: string): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigError(
        `Port ${port} on ${host} is in use: stop what listens there, or set PORT (0 takes a free one).`,
      );
    case 'EACCES':
      return new ConfigError(
        `Port ${port} needs more rights than this process has: set PORT to one above 1023.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ConfigError(
        `HOST ${host} is no address of this machine: 127.0.0.1 listens locally, 0.0.0.0 everywhere.`,
      );
    default:
      return error;
  }
}

async function urlOf(app: NestFastifyApplication, host: string): Promise<string> {
  const { port } = new URL(await app.getUrl());
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${shown}:${port || 80}`;
}
