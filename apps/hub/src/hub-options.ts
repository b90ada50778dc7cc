import type { Clock } from '@percorso/kernel';
import type { Role } from './config/config';

/** What composition needs, with every engine's URL known. */
export interface HubOptions {
  databaseUrl: string;
  /** One server, or one URL for each shard, in their order. */
  clickhouseUrl: string | readonly string[];
  /** The ClickHouse cluster whose replicas hold the tables, if they are replicated. */
  clickhouseCluster?: string;
  redisUrl: string;
  rootKey: string;
  cursorSecret: Buffer;
  masterKeyFile: string;
  pluginDirs: string[];
  /** Where installed plugins are unpacked. @default a folder `plugins` beside the master key */
  installDirectory?: string;
  /** An npm-compatible registry. @default npm's own */
  pluginRegistry?: string;
  /** Whether installed plugins may run where isolation is advisory. @default false */
  advisoryPlugins?: boolean;
  /** PEM certificates of authorities that plugins trust besides the public ones. */
  extraCaFile?: string;
  roles: readonly Role[];
  logLevel: string;
  poolSize: number;
  /** Partitions the persons of each workspace are in at least, so that as many workers can share them. @default 8 */
  partitions?: number;
  /** Days that PostgreSQL keeps events; older ones live in ClickHouse only. @default all */
  eventDays?: number;
  /** Days that people who have left a journey, and their traces, are kept. @default 365 */
  journeyDays?: number;
  trustProxy?: string[];
  /** What clients reach the hub by, for links in exports. @default what each request was sent to */
  publicUrl?: string;
  /** Receipts a minute that one process takes at one hook, and four times as many from one address. @default 30,000 */
  hookCalls?: number;
  /** Tells one database's queues from another's in a shared Redis. */
  queuePrefix: string;
  /** Business time. @default the system's */
  clock?: Clock;
}

export const HUB_OPTIONS = Symbol('HubOptions');
