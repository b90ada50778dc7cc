import { Client } from 'pg';
import type { ClickHouseClient } from '@clickhouse/client';
import { foundation } from './migrations/0001-foundation';
import { language } from './migrations/0002-language';
import { streaming } from './migrations/0003-streaming';
import { accounts } from './migrations/0004-accounts';
import { imports } from './migrations/0005-imports';
import { lookups } from './migrations/0006-lookups';
import { streamTurn } from './migrations/0007-stream-turn';
import { erasure } from './migrations/0010-erasure';
import { schemas } from './migrations/0011-schemas';
import { leases } from './migrations/0022-leases';
import { roomForUpdates } from './migrations/0023-room-for-updates';
import { schedules } from './migrations/0024-schedules';
import { usage } from './migrations/0025-usage';
import { mergePolicy } from './migrations/0026-merge-policy';
import { shards } from './migrations/0028-shards';
import { accountMembers } from './migrations/0029-account-members';
import { computedTraits } from './migrations/0030-computed-traits';
import { flow } from './migrations/0038-flow';
import { plugins } from './migrations/0034-plugins';
import { unknownPolicy } from './migrations/0039-unknown-policy';
import { syncModes } from './migrations/0042-sync-modes';
import { hooks } from './migrations/0047-hooks';
import { eventArchive } from './migrations/0048-event-archive';
import { owners } from './migrations/0049-owners';
import { journeys } from './migrations/0060-journeys';
import { effectNews } from './migrations/0061-effect-news';
import { journeyAdministration } from './migrations/0062-journey-administration';
import { journeyTurns } from './migrations/0065-journey-turns';
import { conversionWindows } from './migrations/0068-conversion-windows';
import { journeySimulations } from './migrations/0070-journey-simulations';
import { journeyMemory } from './migrations/0069-journey-memory';
import { callResponses } from './migrations/0071-call-responses';
import { readsByPosition } from './migrations/0073-reads-by-position';
import { simulatedEventTime } from './migrations/0076-simulated-event-time';
import { stillByJourney } from './migrations/0074-still-by-journey';
import { journeyInside } from './migrations/0063-journey-inside';
import { deadLetters } from './migrations/0043-dead-letters';
import { mappingExamples } from './migrations/0044-mapping-examples';
import { replays } from './migrations/0052-replays';
import { exchanges } from './migrations/0054-exchanges';
import { laneSources } from './migrations/0053-lane-sources';
import { analyzeGrown } from './migrations/0055-analyze-grown';
import { settingsMigration } from './migrations/0050-settings-migration';
import { checksum, migrateClickHouse, migrationChanged } from './migrate-clickhouse';
import { Shards } from './shards';

/** In order; a released migration never changes (its checksum is kept), a new need is a new migration. */
const MIGRATIONS: readonly { name: string; sql: string }[] = [
  foundation,
  language,
  streaming,
  accounts,
  imports,
  lookups,
  streamTurn,
  erasure,
  schemas,
  leases,
  roomForUpdates,
  schedules,
  usage,
  mergePolicy,
  shards,
  accountMembers,
  computedTraits,
  flow,
  plugins,
  unknownPolicy,
  syncModes,
  hooks,
  eventArchive,
  owners,
  journeys,
  effectNews,
  journeyAdministration,
  journeyTurns,
  conversionWindows,
  journeySimulations,
  journeyMemory,
  callResponses,
  readsByPosition,
  simulatedEventTime,
  stillByJourney,
  journeyInside,
  deadLetters,
  mappingExamples,
  replays,
  laneSources,
  exchanges,
  analyzeGrown,
  settingsMigration,
];

/** Any constant will do, so long as every hub uses the same. */
const LOCK = 7_263_391;

/**
 * Bring both stores to this release's schema. Two hubs may start at once: the second waits on a session lock, then
 * finds nothing left to do. `url` must be of a role that may create roles and schemas; `clickhouse` is what is connected,
 * or the urls of the shards in their order.
 * @throws Problem 500 when a store was made by a different release, or for other shards than these.
 */
export async function migrate(
  url: string,
  clickhouse?: ClickHouseClient | Shards | string | readonly string[],
  database = 'percorso',
): Promise<string[]> {
  const client = new Client({ connectionString: url, application_name: 'percorso-migrate' });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    const applied = await migratePostgres(client);
    if (typeof clickhouse === 'string' || clickhouse instanceof Array) {
      const shards = Shards.connect([clickhouse].flat());
      applied.push(...(await migrateClickHouse(shards, database).finally(() => shards.close())));
    } else if (clickhouse) {
      const shards = clickhouse instanceof Shards ? clickhouse : new Shards([clickhouse]);
      applied.push(...(await migrateClickHouse(shards, database)));
    }
    return applied;
  } finally {
    await client.end();
  }
}

async function migratePostgres(client: Client): Promise<string[]> {
  await client.query(`
    DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'percorso_app') THEN CREATE ROLE percorso_app NOLOGIN; END IF;
      IF NOT pg_has_role(current_user, 'percorso_app', 'MEMBER') THEN GRANT percorso_app TO CURRENT_USER; END IF;
    -- Roles belong to the whole server: a hub of another database may have made it meanwhile.
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$;
    CREATE SCHEMA IF NOT EXISTS percorso;
    SET search_path = percorso;
    CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  `);
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'SELECT name, checksum FROM migration',
  );
  const done = new Map(rows.map((row) => [row.name, row.checksum]));
  const applied: string[] = [];
  for (const { name, sql } of MIGRATIONS) {
    const sum = checksum(sql);
    const known = done.get(name);
    if (known === sum) continue;
    if (known !== undefined) throw migrationChanged('PostgreSQL', name);
    await client.query('BEGIN');
    await client.query(sql);
    await client.query('INSERT INTO migration (name, checksum) VALUES ($1, $2)', [name, sum]);
    await client.query('COMMIT');
    applied.push(name);
  }
  return applied;
}
