import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { startEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { EventArchive, EventPages, EventReader } from '@percorso/profile';
import { Database, migrate, Shards, Transaction } from '@percorso/storage';
import { Client } from 'pg';
import { type Bench, median } from './bench';

const EVENTS = 100;
const NAMES = 20;
const DAYS = 90;
const START = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const PERSONS = { quick: 300, full: 10_000 };
/** Names of events that an audience looks at. */
const ASKED = Array.from({ length: 5 }, (_, n) => `Event ${n}`);

type Read = (tx: Transaction, persons: readonly number[]) => Promise<unknown>;

/**
 * What it costs to read persons' events from ClickHouse, where PostgreSQL no longer has them, beside reading them from its
 * daily partitions: the same events, asked for in turn, and equal.
 */
export const bench: Bench = async ({ size, quick }) => {
  const persons = size ?? PERSONS[quick ? 'quick' : 'full'];
  const folder = mkdtempSync(join(tmpdir(), 'percorso-bench-'));
  const engines = await startEngines({ dataDir: folder });
  const shards = Shards.connect([engines.clickhouseUrl]);
  await migrate(engines.databaseUrl, shards);
  const database = new Database({ url: engines.databaseUrl });
  try {
    const workspaceId = newId();
    await fillPostgres(database, workspaceId, persons);
    await analyze(engines.databaseUrl);
    await fillClickHouse(shards, workspaceId, persons);
    const [reader, pages] = [
      new EventReader(new EventArchive(shards)),
      new EventPages(new EventArchive(shards)),
    ];
    const cold: Read = (tx, some) => reader.ofPersons(tx, some, ASKED, Number.MAX_SAFE_INTEGER);
    const page: Read = (tx, [person = 1]) => pages.page(tx, person, {}, 50);
    const metrics: Record<string, number> = {};
    for (const [name, count, rounds, read] of [
      ['cold_1', 1, 60, cold],
      ['cold_20', 20, 20, cold],
      ['cold_500', Math.min(500, persons), 5, cold],
      ['page', 1, 60, page],
    ] as const) {
      const [postgres, clickhouse] = await compare(database, workspaceId, persons, count, rounds, read);
      metrics[`${name}_postgres_ms`] = postgres;
      metrics[`${name}_clickhouse_ms`] = clickhouse;
      console.log(`${name.padEnd(12)}PostgreSQL ${postgres} ms, ClickHouse ${clickhouse} ms`);
    }
    return { metrics, size: persons };
  } finally {
    await Promise.all([database.close(), shards.close()]);
    await engines.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Medians in milliseconds, of other persons each time, both of the same. */
async function compare(
  database: Database,
  workspaceId: string,
  persons: number,
  count: number,
  rounds: number,
  read: Read,
): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const some = Array.from({ length: count }, () => randomInt(1, persons + 1));
    const answers: unknown[] = [];
    for (const [side, archived] of [0, persons * EVENTS].entries()) {
      await database.tx(workspaceId, (tx) =>
        tx.query(
          `INSERT INTO event_archive (workspace_id, pos, node, received_before, since)
           SELECT $1, $2, $3, max(received_at) + interval '1 second', now() FROM event WHERE workspace_id = $1
           ON CONFLICT (workspace_id) DO UPDATE SET pos = excluded.pos`,
          [workspaceId, archived, persons],
        ),
      );
      const started = performance.now();
      answers.push(await database.tx(workspaceId, (tx) => read(tx, some)));
      // The first of each is not counted: plans, caches and connections are made.
      if (round > 0) times[side]!.push(performance.now() - started);
    }
    if (!isDeepStrictEqual(answers[0], answers[1]))
      throw new RangeError('The two stores tell different events.');
  }
  return [Number(median(times[0]).toFixed(2)), Number(median(times[1]).toFixed(2))];
}

/** Event i of all, one of every person in each round. Both stores compute the same of i. */
async function fillPostgres(database: Database, workspaceId: string, persons: number): Promise<void> {
  const all = persons * EVENTS;
  await database.control((tx) =>
    tx.query('SELECT ensure_partitions($1::date, $2)', [new Date(START).toISOString().slice(0, 10), DAYS]),
  );
  await database.tx(workspaceId, async (tx) => {
    await tx.query(
      `INSERT INTO workspace (id, name, created_at, updated_at) VALUES ($1, 'bench', now(), now())`,
      [workspaceId],
    );
    await tx.query(
      `INSERT INTO identity_node (workspace_id, node, namespace, value, home, person, first_seen)
       SELECT $1, n, 'user_id', 'u' || n, n, n, $3 FROM generate_series(1, $2::int) AS n`,
      [workspaceId, persons, new Date(START)],
    );
    await tx.query(
      `INSERT INTO event (workspace_id, partition, pos, message_id, node, type, name, occurred_at, received_at, source_id,
         properties)
       SELECT $1, 0, i + 1, 'message ' || i, i % $2 + 1, 'track', 'Event ' || (i / $2 * 7 + i % $2) % ${NAMES},
         to_timestamp(($3::bigint + i * $4::bigint) / 1000.0), to_timestamp(($3::bigint + i * $4::bigint) / 1000.0), 'web',
         jsonb_build_object('order', 'order ' || i, 'amount', i % 10000, 'text', repeat(md5(i::text), 8))
       FROM generate_series(0, $5::bigint - 1) AS i`,
      [workspaceId, persons, START, stepOf(all), all],
    );
  });
  await database.tx(workspaceId, (tx) =>
    tx.query('SELECT count(*) FROM event WHERE workspace_id = $1', [workspaceId]),
  );
}

async function analyze(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('VACUUM ANALYZE percorso.event, percorso.identity_node');
  await client.end();
}

async function fillClickHouse(shards: Shards, workspaceId: string, persons: number): Promise<void> {
  const all = persons * EVENTS;
  await shards.at(0).command({
    query: `INSERT INTO percorso.event (workspace_id, partition, pos, message_id, node, type, name, occurred_at, received_at,
        source_id, properties, context)
      SELECT {workspaceId: UUID}, 0, number + 1, concat('message ', toString(number)), number % {persons: UInt32} + 1, 'track',
        concat('Event ', toString((intDiv(number, {persons: UInt32}) * 7 + number % {persons: UInt32}) % ${NAMES})),
        fromUnixTimestamp64Milli({start: Int64} + toInt64(number) * {step: Int64}) AS at, at, 'web',
        concat('{"order":"order ', toString(number), '","amount":', toString(number % 10000), ',"text":"',
          repeat(lower(hex(MD5(toString(number)))), 8), '"}'), '{}'
      FROM numbers({all: UInt64})`,
    query_params: { workspaceId, persons, start: START, step: stepOf(all), all },
  });
  await shards.at(0).command({ query: 'OPTIMIZE TABLE percorso.event FINAL' });
  const answer = await shards.at(0).query({
    query: `SELECT sum(column_bytes_on_disk) AS bytes FROM system.parts_columns WHERE active AND database = 'percorso'
            AND table = 'event' AND column IN ('context', 'early_ms')`,
    format: 'JSONEachRow',
  });
  const [{ bytes }] = (await answer.json()) as [{ bytes: string }];
  console.log(`what only readers by person need: ${(Number(bytes) / all).toFixed(2)} B an event`);
}

const stepOf = (all: number): number => Math.floor((DAYS * DAY_MS) / all);
