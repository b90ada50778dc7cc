import { newId } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import { CreateSync, ReconciliationView, SyncView } from './sync.dto';

const COLUMNS = `id, name, audience_id AS "audienceId", connector_id AS "connectorId", mapping_id AS "mappingId",
  exit_mapping_id AS "exitMappingId", state, coalesce(usage_violations, '[]') AS "usageViolations", cursor_pos::float8 AS "cursorPos",
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

export async function insertSync(tx: Transaction, dto: CreateSync, now: Date): Promise<string> {
  const id = newId();
  await tx.query(
    `INSERT INTO sync (workspace_id, id, name, audience_id, connector_id, mapping_id, exit_mapping_id, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
    [
      tx.workspaceId,
      id,
      dto.name,
      dto.audienceId,
      dto.connectorId,
      dto.mappingId,
      dto.exitMappingId ?? null,
      now,
    ],
  );
  return id;
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

/** Opens a run; undefined when one is open already. */
export async function insertRun(
  tx: Transaction,
  sync: SyncRow,
  range: { snapshot: boolean; fromPos: number; toPos: number },
  now: Date,
): Promise<string | undefined> {
  const id = newId();
  const { rowCount } = await tx.query(
    `INSERT INTO sync_run (workspace_id, id, sync_id, mapping_version, exit_mapping_version, from_pos, to_pos, snapshot,
       planned_pos, created_at)
     SELECT $1, $2, $3, m.current, x.current, $6, $7, $8, $9, $10
     FROM mapping m LEFT JOIN mapping x ON x.workspace_id = $1 AND x.id = $5 WHERE m.workspace_id = $1 AND m.id = $4
     ON CONFLICT (workspace_id, sync_id) WHERE state IN ('planning', 'delivering') DO NOTHING`,
    [
      tx.workspaceId,
      id,
      sync.id,
      sync.mappingId,
      sync.exitMappingId,
      range.fromPos,
      range.toPos,
      range.snapshot,
      range.snapshot ? 0 : range.fromPos,
      now,
    ],
  );
  return rowCount === 1 ? id : undefined;
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
     FROM membership m LEFT JOIN effect e ON e.workspace_id = m.workspace_id AND e.sync_id = $3 AND e.person = m.person
       AND e.membership_version = m.version
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
