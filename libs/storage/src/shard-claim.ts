import type { ClickHouseClient } from '@clickhouse/client';
import { Problem } from '@percorso/kernel';
import type { Shards } from './shards';

/**
 * Tables of a single server are not turned into those of a cluster, nor back.
 * @throws Problem 500 `shards-changed`
 */
export async function assertForm(shards: Shards, database: string): Promise<void> {
  const clustered = shards.cluster !== undefined;
  const [expected, other] = clustered ? ['of a cluster', 'by itself'] : ['by itself', 'of a cluster'];
  await shards.each(async (client) => {
    const [table] = await ask<{ engine: string }>(
      client,
      `SELECT engine FROM system.tables WHERE database = {database: String} AND name = 'migration'`,
      { database },
    );
    if (table && table.engine.startsWith('Replicated') !== clustered)
      throw changed(`a server ${expected}`, `one ${other}`);
  });
}

/**
 * Every shard keeps which it is of how many, for rows stay where that has put them.
 * @throws Problem 500 `shards-changed` when the configuration says otherwise
 */
export async function claimShards(shards: Shards, database: string): Promise<void> {
  await shards.each(async (client, index) => {
    const wanted = { number: index + 1, of: shards.count };
    const kept = await ask<typeof wanted>(client, `SELECT number, of FROM ${database}.shard`);
    if (kept.length === 0) kept.push(...(await onlyOne(client, database)));
    if (kept.length === 0) {
      await client.insert({ table: `${database}.shard`, values: [wanted], format: 'JSONEachRow' });
    }
    const other = kept.find(({ number, of }) => number !== wanted.number || of !== wanted.of);
    if (other)
      throw changed(`shard ${wanted.number} of ${wanted.of}`, `shard ${other.number} of ${other.of}`);
  });
}

/** A schema made before shards had numbers is that of a single server. */
async function onlyOne(
  client: ClickHouseClient,
  database: string,
): Promise<{ number: number; of: number }[]> {
  const made = await ask(client, `SELECT name FROM ${database}.migration LIMIT 1`);
  return made.map(() => ({ number: 1, of: 1 }));
}

async function ask<T>(
  client: ClickHouseClient,
  query: string,
  params?: Record<string, unknown>,
): Promise<T[]> {
  const answer = await client.query({ query, query_params: params, format: 'JSONEachRow' });
  return answer.json<T>();
}

const changed = (configured: string, kept: string): Problem =>
  new Problem({
    status: 500,
    code: 'shards-changed',
    title: 'ClickHouse was set up for other shards',
    detail: `A server is configured as ${configured}, and was set up as ${kept}. Shards keep their number and their order.`,
  });
