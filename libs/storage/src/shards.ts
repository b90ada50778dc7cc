import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { CLICKHOUSE_DATABASE, connectClickHouse } from './clickhouse';
import { schemaTables } from './cluster-form';

/** On replicas a row counts once most of them have it, so that whoever is asked next can have it too. */
const REPLICATED: ClickHouseSettings = { insert_quorum: 'auto', insert_quorum_timeout: 60_000 };

/**
 * ClickHouse as the hub uses it: one server, or several shards, each with whole persons. What concerns everybody is
 * asked of every shard and the answers are put together.
 */
export class Shards {
  constructor(
    readonly clients: readonly ClickHouseClient[],
    /** The cluster whose replicas hold the tables, if they are replicated. */
    readonly cluster?: string,
  ) {}

  /** `urls` in the order of the shards: one each. */
  static connect(urls: readonly string[], cluster?: string): Shards {
    const settings = cluster === undefined ? {} : REPLICATED;
    return new Shards(
      urls.map((url) => connectClickHouse(url, settings)),
      cluster,
    );
  }

  get count(): number {
    return this.clients.length;
  }

  at(shard: number): ClickHouseClient {
    const client = this.clients[shard];
    if (!client) throw new RangeError(`There is no shard ${shard} of ${this.count}.`);
    return client;
  }

  /** The same work on every shard, at once; the answers in the order of the shards. A failure waits for the others. */
  async each<T>(work: (client: ClickHouseClient, shard: number) => Promise<T>): Promise<T[]> {
    const outcomes = await Promise.allSettled(this.clients.map(work));
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
  }

  /** On replicas: wait until those that answer have all that was written to others. */
  async settle(): Promise<void> {
    const tables = schemaTables();
    await this.each((_client, shard) => Promise.all(tables.map((table) => this.settleTable(shard, table))));
  }

  /** The same of one table on one shard. */
  async settleTable(shard: number, table: string): Promise<void> {
    if (this.cluster !== undefined) await this.at(shard).command({ query: syncReplica(table) });
  }

  async close(): Promise<void> {
    await this.each((client) => client.close());
  }
}

export const syncReplica = (table: string): string =>
  `SYSTEM SYNC REPLICA ${CLICKHOUSE_DATABASE}.${table} LIGHTWEIGHT`;

/** The shard on which the rows of a home, the person an identity was born into, start out. */
export function firstShard(workspaceId: string, home: number, shards: number): number {
  if (shards === 1) return 0;
  return mixed(mixed(home) ^ Number.parseInt(workspaceId.slice(-8), 16)) % shards;
}

// MurmurHash3's last step: neighbours in, strangers out.
function mixed(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
