import type { Transaction } from '@percorso/storage';
import { NEWEST_EVALUATION } from './sync.store';

/** Syncs in whose schedule's moment nobody took notice yet. */
export async function dueSyncs(tx: Transaction, now: Date, limit: number): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM sync WHERE workspace_id = $1 AND state = 'active' AND due_at <= $2 ORDER BY due_at, id LIMIT $3`,
    [tx.workspaceId, now, limit],
  );
  return rows.map(({ id }) => id);
}

/** The moment was taken notice of: a run is wanted. The row must be locked. */
export async function wantScheduled(tx: Transaction, id: string, nextRunAt: Date | null): Promise<void> {
  await tx.query(`UPDATE sync SET due_at = $3, wanted = 'schedule' WHERE workspace_id = $1 AND id = $2`, [
    tx.workspaceId,
    id,
    nextRunAt,
  ]);
}

/** Runs are wanted of syncs whose audience was evaluated since. @returns of how many */
export async function wantEvaluated(tx: Transaction): Promise<number> {
  const { rowCount } = await tx.query(
    `UPDATE sync SET wanted = 'evaluation', seen_evaluation_id = n.seen
     FROM (SELECT s.id, ${NEWEST_EVALUATION} AS seen FROM sync s
       WHERE s.workspace_id = $1 AND s.state = 'active' AND s.after_evaluation) AS n
     WHERE sync.workspace_id = $1 AND sync.id = n.id AND n.seen IS DISTINCT FROM sync.seen_evaluation_id`,
    [tx.workspaceId],
  );
  return rowCount ?? 0;
}

/** A sync whose trigger fired, and the run it waits for, or goes on with. */
export interface Triggered {
  id: string;
  connectorId: string;
  trigger: 'schedule' | 'evaluation' | 'delta';
  /** A run with every delta that is being delivered: it takes what came since. */
  goesOn: string | null;
}

const NEWS = `EXISTS (SELECT FROM membership_delta d WHERE d.workspace_id = s.workspace_id AND d.audience_id = s.audience_id
  AND d.pos > coalesce(r.to_pos, s.cursor_pos))`;

/** Syncs that a run is wanted of and that none is open of; what is wanted while one is open stays wanted. */
export async function triggeredSyncs(tx: Transaction, limit: number): Promise<Triggered[]> {
  const { rows } = await tx.query<Triggered>(
    `SELECT s.id, s.connector_id AS "connectorId", coalesce(s.wanted, 'delta') AS trigger, r.id AS "goesOn"
     FROM sync s LEFT JOIN sync_run r ON r.workspace_id = s.workspace_id AND r.sync_id = s.id
       AND r.state IN ('planning', 'delivering')
     WHERE s.workspace_id = $1 AND s.state = 'active' AND s.usage_violations IS NULL AND (
       (s.wanted IS NOT NULL AND r.id IS NULL)
       OR (s.on_delta AND (r.id IS NULL OR (r.state = 'delivering' AND r.trigger = 'delta')) AND ${NEWS}))
     ORDER BY s.id LIMIT $2`,
    [tx.workspaceId, limit],
  );
  return rows;
}

/** Has a run plan on, over what the log holds by now. @returns whether it was there to be taken up */
export async function goOn(tx: Transaction, runId: string, toPos: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE sync_run SET state = 'planning', planned_pos = to_pos, to_pos = $3, snapshot = false, expected = NULL
     WHERE workspace_id = $1 AND id = $2 AND state = 'delivering' AND trigger = 'delta' AND to_pos < $3`,
    [tx.workspaceId, runId, toPos],
  );
  return rowCount === 1;
}

/** Syncs whose schedules go by the workspace's zone and are due after `after`, locked. */
export async function syncsInWorkspaceZone(
  tx: Transaction,
  after: Date,
): Promise<{ id: string; cron: string }[]> {
  const { rows } = await tx.query<{ id: string; cron: string }>(
    `SELECT id, cron FROM sync WHERE workspace_id = $1 AND due_at > $2 AND zone IS NULL ORDER BY id FOR UPDATE`,
    [tx.workspaceId, after],
  );
  return rows;
}

export async function reschedule(tx: Transaction, id: string, dueAt: Date): Promise<void> {
  await tx.query('UPDATE sync SET due_at = $3 WHERE workspace_id = $1 AND id = $2', [
    tx.workspaceId,
    id,
    dueAt,
  ]);
}
