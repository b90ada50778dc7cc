import { isDead, type Transaction } from '@percorso/storage';
import type { SyncMode } from './sync-mode';

/** What begins a run. */
export type Trigger = 'demand' | 'schedule' | 'evaluation' | 'delta';

export interface RunRow {
  id: string;
  syncId: string;
  audienceId: string;
  audienceName: string;
  connectorId: string;
  mappingId: string;
  exitMappingId: string | null;
  /** A run that was done is `delivering` again for as long as rows of it are on their way anew. */
  state: 'planning' | 'delivering' | 'done' | 'failed' | 'cancelled';
  reopened: boolean;
  /** Counts the runs of its sync, from 1; 0: begun before they were counted. */
  number: number;
  trigger: Trigger;
  /** Null: begun before there were modes. */
  mode: SyncMode | null;
  mappingVersion: number;
  exitMappingVersion: number | null;
  fromPos: number;
  toPos: number;
  snapshot: boolean;
  /** After the log it looks through the members, for those that map to something else. */
  compares: boolean;
  /** It is doing so: `plannedPos` is a person then, as in a snapshot. */
  comparing: boolean;
  plannedPos: number;
  /** Rows it will have looked at, as known when planning began; null before. */
  expected: number | null;
  /** Looked at so far. */
  looked: number;
  /** Its sync is. */
  paused: boolean;
  error: string | null;
  createdAt: Date;
  endedAt: Date | null;
  /** Hand it back with every write: another planner's claim makes this one's writes void. */
  fence: string;
}

const COLUMNS = `r.id, r.sync_id AS "syncId", s.audience_id AS "audienceId", a.name AS "audienceName",
  s.connector_id AS "connectorId", s.mapping_id AS "mappingId", s.exit_mapping_id AS "exitMappingId",
  CASE WHEN live.reopened THEN 'delivering' ELSE r.state END AS state, live.reopened, r.number, r.trigger, r.mode,
  r.mapping_version AS "mappingVersion", r.exit_mapping_version AS "exitMappingVersion", r.from_pos::float8 AS "fromPos",
  r.to_pos::float8 AS "toPos", r.snapshot, r.compares, r.comparing, r.planned_pos::float8 AS "plannedPos",
  r.expected::float8 AS expected, r.planned::float8 AS looked, s.state = 'paused' AS paused, r.error, r.created_at AS "createdAt",
  CASE WHEN NOT live.reopened THEN r.ended_at END AS "endedAt", r.fence`;

/** Rows of run r are on their way, or may still be resolved. Two lookups: in one, all of its rows would be read. */
const HAS_OPEN = `(EXISTS (SELECT 1 FROM effect e
    WHERE e.workspace_id = r.workspace_id AND e.run_id = r.id AND e.state IN ('pending', 'sending'))
  OR EXISTS (SELECT 1 FROM effect e
    WHERE e.workspace_id = r.workspace_id AND e.run_id = r.id AND e.state = 'unknown' AND e.due_at < 'infinity'))`;

/*
 * That rows of a run are open again is read from the rows: whatever opens one need not know of runs, and at no moment is a
 * run done and not. Only what a run still plans is kept in its own row, which is what "one run at a time" is about.
 */
const FROM = `FROM sync_run r JOIN sync s ON s.workspace_id = r.workspace_id AND s.id = r.sync_id
  JOIN audience a ON a.workspace_id = s.workspace_id AND a.id = s.audience_id
  CROSS JOIN LATERAL (SELECT r.state = 'done' AND ${HAS_OPEN} AS reopened) AS live`;

/** By the same snapshot as the run's state. */
const COUNTS = `(SELECT jsonb_object_agg(state, count) FROM (SELECT e.state, count(*) FROM effect e
  WHERE e.workspace_id = r.workspace_id AND e.run_id = r.id GROUP BY e.state) AS by_state) AS counts`;

export interface CountedRun extends RunRow {
  counts: RunCounts;
}

export async function findCountedRun(tx: Transaction, id: string): Promise<CountedRun | undefined> {
  const { rows } = await tx.query<WithStates>(
    `SELECT ${COLUMNS}, ${COUNTS} ${FROM} WHERE r.workspace_id = $1 AND r.id = $2`,
    [tx.workspaceId, id],
  );
  return rows.map(counted)[0];
}

export async function findRun(tx: Transaction, id: string): Promise<RunRow | undefined> {
  const { rows } = await tx.query<RunRow>(
    `SELECT ${COLUMNS} ${FROM} WHERE r.workspace_id = $1 AND r.id = $2`,
    [tx.workspaceId, id],
  );
  return rows[0];
}

/** Of a sync, the newest first. */
export async function listRuns(
  tx: Transaction,
  syncId: string,
  beforeId: string,
  limit: number,
): Promise<CountedRun[]> {
  const { rows } = await tx.query<WithStates>(
    `SELECT ${COLUMNS}, ${COUNTS} ${FROM} WHERE r.workspace_id = $1 AND r.sync_id = $2 AND r.id < $3::uuid
     ORDER BY r.id DESC LIMIT $4`,
    [tx.workspaceId, syncId, beforeId, limit],
  );
  return rows.map(counted);
}

const ACTIVE = `EXISTS (SELECT 1 FROM sync s
  WHERE s.workspace_id = sync_run.workspace_id AND s.id = sync_run.sync_id AND s.state = 'active')`;

/** Nobody plans it: a planner that died is not waited for, since what it still writes would be void. */
const FREE = `(lease_until IS NULL OR lease_until < now() OR ${isDead('sync_run.owner')})`;

/**
 * Takes a run for planning unless another planner holds it or its sync is paused. The lease runs on PostgreSQL's clock.
 */
export async function claimRun(
  tx: Transaction,
  id: string,
  leaseMs: number,
  owner: string,
): Promise<RunRow | undefined> {
  const [{ rowCount }, run] = await Promise.all([
    tx.query(
      `UPDATE sync_run SET fence = fence + 1, lease_until = now() + $3 * interval '1 millisecond', owner = $4
       WHERE workspace_id = $1 AND id = $2 AND state = 'planning' AND ${FREE} AND ${ACTIVE}`,
      [tx.workspaceId, id, leaseMs, owner],
    ),
    findRun(tx, id),
  ]);
  return rowCount === 0 ? undefined : run;
}

/**
 * Moves planning forward and keeps the lease. Unless it is 'mine', write nothing: the sync was paused, or another planner
 * took the run over. Takes the sync's row first, as whoever starts a run does; a pause waits for the page in hand.
 */
export async function advanceRun(
  tx: Transaction,
  run: RunRow,
  page: { plannedPos: number; comparing: boolean; planned: number; leaseMs: number },
): Promise<'mine' | 'paused' | 'taken'> {
  const { rows } = await tx.query<{ state: string }>(
    'SELECT state FROM sync WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE',
    [tx.workspaceId, run.syncId],
  );
  if (rows[0]?.state === 'paused') {
    await tx.query(
      'UPDATE sync_run SET lease_until = NULL WHERE workspace_id = $1 AND id = $2 AND fence = $3',
      [tx.workspaceId, run.id, run.fence],
    );
    return 'paused';
  }
  const { rowCount } = await tx.query(
    `UPDATE sync_run SET planned_pos = $4, comparing = $5, planned = planned + $6,
       lease_until = now() + $7 * interval '1 millisecond'
     WHERE workspace_id = $1 AND id = $2 AND fence = $3 AND state = 'planning'`,
    [tx.workspaceId, run.id, run.fence, page.plannedPos, page.comparing, page.planned, page.leaseMs],
  );
  return rowCount === 1 ? 'mine' : 'taken';
}

/** Lets another planner have at once what this one could not plan. */
export async function giveRunBack(tx: Transaction, id: string, owner: string): Promise<void> {
  await tx.query(
    `UPDATE sync_run SET lease_until = NULL WHERE workspace_id = $1 AND id = $2 AND owner = $3 AND state = 'planning'`,
    [tx.workspaceId, id, owner],
  );
}

/** How many rows the run will look at, by what the audience and the log hold now. */
export async function expectRows(tx: Transaction, run: RunRow): Promise<void> {
  await tx.query(
    `UPDATE sync_run SET expected = planned
       + CASE WHEN $3 THEN 0 ELSE (SELECT count(*) FROM membership_delta
           WHERE workspace_id = $1 AND audience_id = $4 AND pos > $5 AND pos <= $6) END
       + CASE WHEN $3 OR $7 THEN (SELECT members FROM audience WHERE workspace_id = $1 AND id = $4) ELSE 0 END
     WHERE workspace_id = $1 AND id = $2`,
    [tx.workspaceId, run.id, run.snapshot, run.audienceId, run.plannedPos, run.toPos, run.compares],
  );
}

/** Planning is over: the sync's cursor moves with it, in the same transaction. */
export async function finishPlanning(tx: Transaction, run: RunRow, epoch: number, now: Date): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE sync_run SET state = 'delivering', lease_until = NULL
     WHERE workspace_id = $1 AND id = $2 AND fence = $3 AND state = 'planning'`,
    [tx.workspaceId, run.id, run.fence],
  );
  if (rowCount === 0) return;
  await tx.query(
    `UPDATE sync SET cursor_epoch = $3, cursor_pos = $4, updated_at = $5 WHERE workspace_id = $1 AND id = $2`,
    [tx.workspaceId, run.syncId, epoch, run.toPos, now],
  );
}

/** Runs of which nothing can change any more. @returns how many ended */
export async function endSettledRuns(tx: Transaction, now: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `UPDATE sync_run r SET state = 'done', ended_at = $2
     WHERE workspace_id = $1 AND state = 'delivering' AND NOT ${HAS_OPEN}`,
    [tx.workspaceId, now],
  );
  return rowCount ?? 0;
}

/** Ends a run that is open, and takes it from whoever plans it. @returns whether it was open */
export async function cancelRun(tx: Transaction, run: RunRow, now: Date): Promise<boolean> {
  // The sync's row first, as whoever plans.
  await tx.query('SELECT FROM sync WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE', [
    tx.workspaceId,
    run.syncId,
  ]);
  const { rowCount } = await tx.query(
    `UPDATE sync_run r SET state = 'cancelled', ended_at = $3, lease_until = NULL, fence = fence + 1
     WHERE workspace_id = $1 AND id = $2 AND (state IN ('planning', 'delivering') OR (state = 'done' AND ${HAS_OPEN}))`,
    [tx.workspaceId, run.id, now],
  );
  return rowCount === 1;
}

/** Runs cancelled after `since` of which something is still to be let go. What was opened again since is not. */
export async function runsToLetGo(
  tx: Transaction,
  since: Date,
): Promise<{ runId: string; cancelledAt: Date }[]> {
  const { rows } = await tx.query<{ runId: string; cancelledAt: Date }>(
    `SELECT id AS "runId", ended_at AS "cancelledAt" FROM sync_run r
     WHERE workspace_id = $1 AND state = 'cancelled' AND ended_at > $2 AND EXISTS (
       SELECT FROM effect e WHERE e.workspace_id = $1 AND e.run_id = r.id AND e.state = 'pending'
         AND e.operation <> 'remove' AND (e.reopened_at IS NULL OR e.reopened_at <= r.ended_at))`,
    [tx.workspaceId, since],
  );
  return rows;
}

/** Runs that want a planner: never begun, or left by one that died. */
export async function runsToPlan(tx: Transaction): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM sync_run WHERE workspace_id = $1 AND state = 'planning' AND ${FREE} AND ${ACTIVE}`,
    [tx.workspaceId],
  );
  return rows.map(({ id }) => id);
}

export type RunCounts = Record<
  | 'planned'
  | 'accepted'
  | 'rejected'
  | 'suppressed'
  | 'dropped'
  | 'pending'
  | 'sending'
  | 'unknown'
  | 'superseded',
  number
>;

type WithStates = RunRow & { counts: Partial<RunCounts> | null };

const counted = (run: WithStates): CountedRun => ({ ...run, counts: countsFrom(run.counts) });

/** Counts by state with those that are none, and their sum. */
export function countsFrom(byState: Partial<RunCounts> | null | undefined): RunCounts {
  const planned = Object.values(byState ?? {}).reduce((sum, count) => sum + count, 0);
  return { ...NONE, ...byState, planned };
}

const NONE: RunCounts = {
  planned: 0,
  accepted: 0,
  rejected: 0,
  suppressed: 0,
  dropped: 0,
  pending: 0,
  sending: 0,
  unknown: 0,
  superseded: 0,
};
