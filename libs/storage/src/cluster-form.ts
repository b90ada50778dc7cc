import { clickhouseMigrations } from './migrations/clickhouse';

/** Where the parts of a table are agreed on; the servers' configuration gives each its shard and replica. */
const KEEPER_PATH = '/clickhouse/tables/{shard}/{db}/';
/** Blocks known again for as long, as if by the single form's window, which has no end in time. */
const WINDOW_SECONDS = 90 * 86_400;

const DATABASE = /^CREATE DATABASE IF NOT EXISTS \{db\}$/;
const CREATE = /^CREATE TABLE IF NOT EXISTS \{db\}\.(\w+) /;
const ALTER = /^ALTER TABLE \{db\}\.(\w+) /;
const ENGINE = /\bENGINE = (MergeTree|ReplacingMergeTree)(?:\(([^)]*)\))?/;

/**
 * A statement of the schema, written for one server, as it is on a cluster: carried out on all its servers, tables
 * replicated within their shard. `{db}` stays as it is.
 * @throws TypeError for a statement of another kind than CREATE DATABASE or TABLE IF NOT EXISTS and ALTER TABLE.
 */
export function inCluster(statement: string, cluster: string): string {
  if (DATABASE.test(statement)) return `${statement} ON CLUSTER ${quoted(cluster)}`;
  const create = CREATE.exec(statement);
  if (create) return replicated(statement.replace(CREATE, `$&ON CLUSTER ${quoted(cluster)} `), create[1]!);
  if (ALTER.test(statement)) return statement.replace(ALTER, `$&ON CLUSTER ${quoted(cluster)} `);
  throw new TypeError(`No cluster form is known of: ${statement.slice(0, 60)}`);
}

function replicated(statement: string, table: string): string {
  if (!ENGINE.test(statement))
    throw new TypeError(`The table ${table} has an engine without a cluster form.`);
  return statement
    .replace(ENGINE, (_all, engine: string, words?: string) => {
      const place = `'${KEEPER_PATH}${table}', '{replica}'`;
      return `ENGINE = Replicated${engine}(${words ? `${place}, ${words}` : place})`;
    })
    .replace(
      /non_replicated_deduplication_window = (\d+)/,
      `replicated_deduplication_window = $1, replicated_deduplication_window_seconds = ${WINDOW_SECONDS}`,
    );
}

/** Every table of the schema, in the order of their making. */
export const schemaTables = (): string[] =>
  clickhouseMigrations.flatMap(({ statements }) =>
    statements.flatMap((statement) => CREATE.exec(statement)?.[1] ?? []),
  );

/**
 * `<table>_all`: the table on all shards, for reading. It has no sharding key, so that nobody can write through it: where
 * rows belong is known to the hub alone. Holding nothing itself it is made anew whenever the table has changed.
 */
export const distributed = (table: string, cluster: string): string =>
  `CREATE OR REPLACE TABLE {db}.${table}_all ON CLUSTER ${quoted(cluster)} AS {db}.${table} ` +
  `ENGINE = Distributed(${quoted(cluster)}, {db}, ${table})`;

const quoted = (name: string): string => `\`${name.replaceAll('`', '')}\``;
