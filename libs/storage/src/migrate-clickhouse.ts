import { createHash } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import { Problem } from '@percorso/kernel';
import { distributed, inCluster, schemaTables } from './cluster-form';
import { clickhouseMigrations } from './migrations/clickhouse';
import { assertForm, claimShards } from './shard-claim';
import type { Shards } from './shards';

export const checksum = (text: string): string => createHash('sha256').update(text).digest('hex');

export function migrationChanged(engine: string, name: string): Problem {
  return new Problem({
    status: 500,
    code: 'migration-changed',
    title: 'The database was migrated by a different release',
    detail: `${engine} migration ${name} differs from the one that was applied.`,
  });
}

/** What comes before the migrations, in the same words as they. */
export const CLICKHOUSE_START = [
  `CREATE DATABASE IF NOT EXISTS {db}`,
  `CREATE TABLE IF NOT EXISTS {db}.migration (name String, checksum String, applied_at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY name`,
  `CREATE TABLE IF NOT EXISTS {db}.shard (number UInt16, of UInt16) ENGINE = MergeTree ORDER BY number`,
];

/** Tables for reading of all shards at once, on a cluster; to be made after the migrations. */
export const clickhouseEnd = (cluster: string): string[] =>
  schemaTables().map((table) => distributed(table, cluster));

/**
 * Bring every shard to this release's schema; on a cluster, the first shard's server has all others do the same. The
 * caller holds a lock against other hubs.
 */
export async function migrateClickHouse(shards: Shards, database: string): Promise<string[]> {
  const { cluster } = shards;
  const formOf = (statement: string): string =>
    (cluster === undefined ? statement : inCluster(statement, cluster)).replaceAll('{db}', database);
  const servers = cluster === undefined ? shards.clients : shards.clients.slice(0, 1);
  await assertForm(shards, database);
  for (const statement of CLICKHOUSE_START.map(formOf)) {
    await Promise.all(servers.map((client) => client.command({ query: statement })));
  }
  await claimShards(shards, database);
  const applied = await Promise.all(servers.map((client) => migrateServer(client, database, formOf)));
  if (cluster !== undefined && applied[0]?.length) {
    for (const statement of clickhouseEnd(cluster)) {
      await shards.at(0).command({ query: statement.replaceAll('{db}', database) });
    }
  }
  return applied[0] ?? [];
}

async function migrateServer(
  client: ClickHouseClient,
  database: string,
  formOf: (statement: string) => string,
): Promise<string[]> {
  const answer = await client.query({
    query: `SELECT name, checksum FROM ${database}.migration`,
    format: 'JSONEachRow',
  });
  const done = new Map(
    (await answer.json<{ name: string; checksum: string }>()).map((row) => [row.name, row.checksum]),
  );
  const applied: string[] = [];
  for (const { name, statements } of clickhouseMigrations) {
    const sum = checksum(statements.join(';'));
    const known = done.get(name);
    if (known === sum) continue;
    if (known !== undefined) throw migrationChanged('ClickHouse', name);
    // Each statement is safe to repeat: ClickHouse has no transactions around DDL.
    for (const statement of statements) await client.command({ query: formOf(statement) });
    await client.insert({
      table: `${database}.migration`,
      values: [{ name, checksum: sum }],
      format: 'JSONEachRow',
    });
    applied.push(`clickhouse/${name}`);
  }
  return applied;
}
