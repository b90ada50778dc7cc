// Elements of the lists of events that were loaded before there was a column for them; a text that looks like a list
// stands in properties with its quotes escaped. The loader writes `lists` itself since.
const LISTS_OF_OLD_EVENTS = `mapApply(
  (k, v) -> (k, arrayFilter(e -> e != '', arrayMap(e -> multiIf(
    JSONType(e) = 'String', concat('s', JSONExtractString(e)),
    JSONType(e) = 'Bool', concat('b', e),
    JSONType(e) IN ('Int64', 'UInt64', 'Double'), ifNull(concat('n', toString(toDecimal256OrNull(e, 9))), ''),
    ''), JSONExtractArrayRaw(v)))),
  mapFilter((k, v) -> startsWith(v, '[') AND position(properties, concat('":', v)) > 0, strings))`;

/**
 * ClickHouse, forward only; {db} is the database. Every sort key starts with the workspace. Events keep the node they
 * came from; node_person maps nodes to persons, so that a merge never rewrites events.
 */
export const clickhouseMigrations: readonly { name: string; statements: readonly string[] }[] = [
  {
    name: '0001-foundation',
    statements: [
      `CREATE TABLE IF NOT EXISTS {db}.event (
        workspace_id UUID,
        name LowCardinality(String),
        node UInt32,
        occurred_at DateTime64(3, 'UTC'),
        type LowCardinality(String),
        partition UInt16,
        pos UInt64,
        message_id String,
        source_id LowCardinality(String),
        sent_at Nullable(DateTime64(3, 'UTC')),
        received_at DateTime64(3, 'UTC'),
        numbers Map(LowCardinality(String), Decimal(38, 9)),
        strings Map(LowCardinality(String), String),
        booleans Map(LowCardinality(String), Bool),
        properties String CODEC(ZSTD(1))
      ) ENGINE = MergeTree
      PARTITION BY toYYYYMM(received_at)
      ORDER BY (workspace_id, name, node, occurred_at, pos)
      SETTINGS non_replicated_deduplication_window = 10000`,
      `CREATE TABLE IF NOT EXISTS {db}.profile (
        workspace_id UUID,
        person UInt32,
        numbers Map(LowCardinality(String), Decimal(38, 9)),
        strings Map(LowCardinality(String), String),
        booleans Map(LowCardinality(String), Bool),
        consent Map(LowCardinality(String), LowCardinality(String)),
        groups Array(String),
        version UInt64,
        deleted UInt8
      ) ENGINE = ReplacingMergeTree(version, deleted)
      ORDER BY (workspace_id, person)`,
      `CREATE TABLE IF NOT EXISTS {db}.node_person (
        workspace_id UUID,
        node UInt32,
        person UInt32,
        version UInt64
      ) ENGINE = ReplacingMergeTree(version)
      ORDER BY (workspace_id, node)`,
    ],
  },
  {
    name: '0002-language',
    statements: [
      // Elements of lists, each with the letter of its type before it: s for text, n for a decimal, b for a boolean.
      `ALTER TABLE {db}.event ADD COLUMN IF NOT EXISTS
        lists Map(LowCardinality(String), Array(String)) DEFAULT ${LISTS_OF_OLD_EVENTS}`,
      `ALTER TABLE {db}.profile ADD COLUMN IF NOT EXISTS lists Map(LowCardinality(String), Array(String))`,
      `ALTER TABLE {db}.node_person ADD COLUMN IF NOT EXISTS namespace LowCardinality(String)`,
      `ALTER TABLE {db}.node_person ADD COLUMN IF NOT EXISTS value String`,
    ],
  },
  {
    name: '0004-accounts',
    statements: [
      `CREATE TABLE IF NOT EXISTS {db}.account (
        workspace_id UUID,
        id String,
        numbers Map(LowCardinality(String), Decimal(38, 9)),
        strings Map(LowCardinality(String), String),
        booleans Map(LowCardinality(String), Bool),
        lists Map(LowCardinality(String), Array(String)),
        version UInt64
      ) ENGINE = ReplacingMergeTree(version)
      ORDER BY (workspace_id, id)`,
    ],
  },
  {
    name: '0005-imports',
    statements: [
      `CREATE TABLE IF NOT EXISTS {db}.audience_list (
        workspace_id UUID,
        audience_id UUID,
        node UInt32,
        version UInt64,
        deleted UInt8
      ) ENGINE = ReplacingMergeTree(version, deleted)
      ORDER BY (workspace_id, audience_id, node)`,
    ],
  },
  {
    name: '0006-lookups',
    statements: [
      `CREATE TABLE IF NOT EXISTS {db}.lookup_item (
        workspace_id UUID,
        name LowCardinality(String),
        key String,
        numbers Map(LowCardinality(String), Decimal(38, 9)),
        strings Map(LowCardinality(String), String),
        booleans Map(LowCardinality(String), Bool),
        lists Map(LowCardinality(String), Array(String)),
        version UInt64,
        deleted UInt8
      ) ENGINE = ReplacingMergeTree(version, deleted)
      ORDER BY (workspace_id, name, key)`,
    ],
  },
  {
    name: '0048-event-archive',
    statements: [
      // What profiles are made of besides properties: {} or {consent}, as it was sent. Empty where the loader of an earlier
      // release wrote the row: then it is in PostgreSQL only.
      `ALTER TABLE {db}.event ADD COLUMN IF NOT EXISTS context String CODEC(ZSTD(1))`,
      // Unix milliseconds of a time before the first that occurred_at can hold; 0 of all others.
      `ALTER TABLE {db}.event ADD COLUMN IF NOT EXISTS early_ms Int64 CODEC(ZSTD(1))`,
    ],
  },
];
