import type { ClickHouseClient } from '@clickhouse/client';
import { Problem } from '@percorso/kernel';
import type { Shards } from './shards';

interface Found {
  /** Which shard it is, from 1, and of how many. */
  number: number;
  of: number;
  /** Whether its tables are replicated; undefined where it has none yet. */
  replicated: boolean | undefined;
}

/**
 * Every shard keeps which it is of how many, for rows stay where that has put them.
 * @throws Problem 500 `shards-changed` when the configuration says otherwise
 */
export async function claimShards(shards: Shards, database: string): Promise<void> {
  await shards.each(async (client, index) => {
    const found = await find(client, database);
    const wanted = { number: index + 1, of: shards.count };
    const replicated = shards.cluster !== undefined;
    if (found && (found.number !== wanted.number || found.of !== wanted.of)) {
      throw changed(`shard ${wanted.number} of ${wanted.of}`, `shard ${found.number} of ${found.of}`);
    }
    if (found?.replicated !== undefined && found.replicated !== replicated) {
      throw changed(
        `a server ${replicated ? 'of a cluster' : 'by itself'}`,
        `one ${replicated ? 'by itself' : 'of a cluster'}`,
      );
    }
    if (!found) {
      await client.insert({ table: `${database}.shard`, values: [wanted], format: 'JSONEachRow' });
    }
  });
}

async function find(client: ClickHouseClient, database: string): Promise<Found | undefined> {
  const answer = await client.query({
    query: `SELECT number, of, (
        SELECT any(startsWith(engine, 'Replicated')) FROM system.tables
        WHERE database = {database: String} AND name = 'event' HAVING count() > 0
      ) AS replicated
      FROM (
        SELECT number, of FROM ${database}.shard
        -- Made before there were shards: the only one.
        UNION ALL SELECT 1, 1 FROM (SELECT count() AS shards FROM ${database}.shard) AS kept
        WHERE shards = 0 AND (SELECT count() FROM ${database}.migration) > 0
      ) LIMIT 1`,
    query_params: { database },
    format: 'JSONEachRow',
  });
  const [row] = await answer.json<{ number: number; of: number; replicated: number | null }>();
  return row && { ...row, replicated: row.replicated === null ? undefined : row.replicated === 1 };
}

const changed = (configured: string, kept: string): Problem =>
  new Problem({
    status: 500,
    code: 'shards-changed',
    title: 'ClickHouse was set up for other shards',
    detail: `A server is configured as ${configured}, and was set up as ${kept}. Shards keep their number and their order.`,
  });
