import { newId } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import type { Reading } from './reading';
import type { Trigger } from './run.store';
import { CreateSync, ReconciliationView, SyncTriggers, SyncView } from './sync.dto';
import type { SyncMode } from './sync-mode';

/** Of the audience of the sync `s`. */
export const NEWEST_EVALUATION = `(SELECT e.id FROM evaluation e WHERE e.workspace_id = s.workspace_id
  AND e.audience_id = s.audience_id AND e.state = 'done' ORDER BY e.ended_at DESC, e.id DESC LIMIT 1)`;

const COLUMNS = `id, name, audience_id AS "audienceId", connector_id AS "connectorId", mapping_id AS "mappingId",
  exit_mapping_id AS "exitMappingId", mode, jsonb_build_object(
    'schedule', CASE WHEN cron IS NULL THEN NULL ELSE jsonb_build_object('cron', cron, 'zone', zone) END,
    'afterEvaluation', after_evaluation, 'onDelta', on_delta) AS triggers, due_at AS "nextRunAt", state, coalesce(usage_violations, '[]') AS "usageViolations", cursor_pos::float8 AS "cursorPos",
  version::int AS version`;

export interface SyncRow extends SyncView {
  cursorEpoch: number | null;
}

export async function findSync(tx: Transaction, id: string, lock = false): Promise<SyncRow | undefined> {
  const { rows } = await tx.query<SyncRow>(
    `SELECT ${COLUMNS}, cursor_epoch AS "cursorEpoch" FROM sync WHERE workspace_id = $1 AND id = $2 ${lock ? 'FOR UPDATE' : ''}`,
    [tx.workspaceId, id],
  );
  return rows[0];
}

export async function listSyncs(tx: Transaction, afterId: string, limit: number): Promise<SyncView[]> {
  const { rows } = await tx.query<SyncView>(
    `SELECT ${COLUMNS} FROM sync WHERE workspace_id = $1 AND id > $2::uuid ORDER BY id LIMIT $3`,
    [tx.workspaceId, afterId, limit],
  );
  return rows;
}

export async function insertSync(
  tx: Transaction,
  dto: CreateSync & { mode: SyncMode },
  now: Date,
): Promise<string> {
  const id = newId();
  await tx.query(
    `INSERT INTO sync (workspace_id, id, name, audience_id, connector_id, mapping_id, exit_mapping_id, mode, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
    [
      tx.workspaceId,
      id,
      dto.name,
      dto.audienceId,
      dto.connectorId,
      dto.mappingId,
      dto.exitMappingId ?? null,
      dto.mode,
      now,
    ],
  );
  return id;
}

/** What a save may change, and the next moment of its schedule. */
export interface SyncChange {
  name: string;
  mode: SyncMode | null;
  triggers: SyncTriggers;
  nextRunAt: Date | null;
  version: number;
}

/** Only evaluations that end from now on begin runs. */
export async function updateSync(tx: Transaction, id: string, to: SyncChange, now: Date): Promise<void> {
  const { schedule, afterEvaluation, onDelta } = to.triggers;
  await tx.query(
    `UPDATE sync s SET name = $3, mode = $4, cron = $5, zone = $6, due_at = $7, after_evaluation = $8, on_delta = $9,
       seen_evaluation_id = CASE WHEN $8 AND NOT s.after_evaluation THEN ${NEWEST_EVALUATION} ELSE s.seen_evaluation_id END,
       wanted = CASE s.wanted WHEN 'schedule' THEN CASE WHEN $5::text IS NULL THEN NULL ELSE s.wanted END
         WHEN 'evaluation' THEN CASE WHEN $8 THEN s.wanted END END,
       version = $11, updated_at = $10
     WHERE workspace_id = $1 AND id = $2`,
    [
      tx.workspaceId,
      id,
      to.name,
      to.mode,
      schedule?.cron ?? null,
      schedule?.zone ?? null,
      to.nextRunAt,
      afterEvaluation,
      onDelta,
      now,
      to.version,
    ],
  );
}

export async function setSyncState(tx: Transaction, id: string, state: string, now: Date): Promise<void> {
  await tx.query(
    `UPDATE sync SET state = $3, version = version + 1, updated_at = $4 WHERE workspace_id = $1 AND id = $2 AND state <> $3`,
    [tx.workspaceId, id, state, now],
  );
}

/** Which of the things a sync refers to are missing, as names of its fields. */
export async function missingReferences(tx: Transaction, dto: CreateSync): Promise<string[]> {
  const { rows } = await tx.query<{ field: string }>(
    `SELECT field FROM (VALUES
       ('audienceId', EXISTS (SELECT 1 FROM audience WHERE workspace_id = $1 AND id = $2 AND state = 'active')),
       ('connectorId', EXISTS (SELECT 1 FROM connector WHERE workspace_id = $1 AND id = $3)),
       ('mappingId', EXISTS (SELECT 1 FROM mapping WHERE workspace_id = $1 AND id = $4)),
       ('exitMappingId', $5::uuid IS NULL OR EXISTS (SELECT 1 FROM mapping WHERE workspace_id = $1 AND id = $5))
     ) AS reference (field, there) WHERE NOT there`,
    [tx.workspaceId, dto.audienceId, dto.connectorId, dto.mappingId, dto.exitMappingId ?? null],
  );
  return rows.map(({ field }) => field);
}

/** How a run begins: what it reads, as what, and why. */
export interface NewRun extends Reading {
  trigger: Trigger;
  mode: SyncMode;
}

/** Opens a run; undefined when one is open already. The sync's row must be locked. */
export async function insertRun(
  tx: Transaction,
  sync: SyncRow,
  run: NewRun,
  now: Date,
): Promise<string | undefined> {
  const id = newId();
  const { rowCount } = await tx.query(
    `INSERT INTO sync_run (workspace_id, id, sync_id, mapping_version, exit_mapping_version, from_pos, to_pos, snapshot,
       planned_pos, created_at, number, trigger, mode, compares)
     SELECT $1, $2, s.id, m.current, x.current, $4, $5, $6, $7, $8, s.runs + 1, $9, $10, $11
     FROM sync s JOIN mapping m ON m.workspace_id = $1 AND m.id = s.mapping_id
     LEFT JOIN mapping x ON x.workspace_id = $1 AND x.id = s.exit_mapping_id WHERE s.workspace_id = $1 AND s.id = $3
     ON CONFLICT (workspace_id, sync_id) WHERE state IN ('planning', 'delivering') DO NOTHING`,
    [
      tx.workspaceId,
      id,
      sync.id,
      run.fromPos,
      run.toPos,
      run.snapshot,
      run.snapshot ? 0 : run.fromPos,
      now,
      run.trigger,
      run.mode,
      run.compares,
    ],
  );
  if (rowCount !== 1) return undefined;
  // What was wanted is part of this run, whatever began it.
  await tx.query('UPDATE sync SET runs = runs + 1, wanted = NULL WHERE workspace_id = $1 AND id = $2', [
    tx.workspaceId,
    sync.id,
  ]);
  return id;
}

export async function audienceName(tx: Transaction, id: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ name: string }>(
    'SELECT name FROM audience WHERE workspace_id = $1 AND id = $2',
    [tx.workspaceId, id],
  );
  return rows[0]?.name;
}

export async function openRun(tx: Transaction, syncId: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM sync_run WHERE workspace_id = $1 AND sync_id = $2 AND state IN ('planning', 'delivering')`,
    [tx.workspaceId, syncId],
  );
  return rows[0]?.id;
}

/** Where every current member stands with this sync, by the effect of its current membership version. */
export async function reconcile(tx: Transaction, sync: SyncRow): Promise<ReconciliationView> {
  const { rows } = await tx.query<{ state: string; count: number }>(
    `SELECT CASE e.state WHEN 'sending' THEN 'pending' ELSE coalesce(e.state, 'pending') END AS state, count(*)::int AS count
     FROM membership m LEFT JOIN LATERAL (
       SELECT state FROM effect WHERE workspace_id = $1 AND sync_id = $3 AND person = m.person
         AND membership_version = m.version ORDER BY revision DESC LIMIT 1
     ) AS e ON true
     WHERE m.workspace_id = $1 AND m.audience_id = $2 AND m.member GROUP BY 1`,
    [tx.workspaceId, sync.audienceId, sync.id],
  );
  const of = (state: string): number => rows.find((row) => row.state === state)?.count ?? 0;
  const states = ['accepted', 'rejected', 'suppressed', 'dropped', 'pending', 'unknown'] as const;
  const counts = Object.fromEntries(states.map((state) => [state, of(state)])) as Record<
    (typeof states)[number],
    number
  >;
  const members = rows.reduce((sum, { count }) => sum + count, 0);
  return { members, ...counts, balanced: members === states.reduce((sum, state) => sum + counts[state], 0) };
}
