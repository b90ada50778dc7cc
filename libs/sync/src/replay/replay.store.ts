import { newId } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import type { ChosenDeadLetters } from '../dead-letter.dto';
import type { DeadPlace } from '../dead-letter.store';
import { type RunCounts } from '../run.store';
import { AHEAD_MS } from './replay-pace';
import type { ReplayState } from './replay.dto';

export interface ReplayRow {
  id: string;
  state: ReplayState;
  chosen: ChosenDeadLetters;
  rowsPerSecond: number | null;
  expected: number;
  looked: number;
  replayed: number;
  dropped: number;
  skipped: number;
  after: DeadPlace;
  nextAt: Date;
  error: string | null;
  actor: string;
  /** Hand it back with every write: whoever took, paused or cancelled the replay makes this one's writes void. */
  fence: string;
  createdAt: Date;
  endedAt: Date | null;
}

const COLUMNS = `id, state, chosen, rows_per_second AS "rowsPerSecond", expected::float8 AS expected, looked::float8 AS looked,
  replayed::float8 AS replayed, dropped::float8 AS dropped, skipped::float8 AS skipped,
  jsonb_build_object('syncId', after_sync, 'id', after_effect) AS after, next_at AS "nextAt", error, actor, fence,
  created_at AS "createdAt", ended_at AS "endedAt"`;

export interface NewReplay {
  /** Names the request that asked for it: another one of the same key is the same. */
  requestKey?: Buffer;
  chosen: ChosenDeadLetters;
  rowsPerSecond: number | null;
  expected: number;
  actor: string;
  now: Date;
}

/** @returns its id, and whether it is new: a request that was made before finds the replay it began */
export async function insertReplay(
  tx: Transaction,
  { requestKey, chosen, rowsPerSecond, expected, actor, now }: NewReplay,
): Promise<{ id: string; isNew: boolean }> {
  const id = newId();
  const { rowCount } = await tx.query(
    `INSERT INTO replay (workspace_id, id, request_key, chosen, rows_per_second, state, expected, next_at, actor, created_at)
     VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $7) ON CONFLICT (workspace_id, request_key) DO NOTHING`,
    [tx.workspaceId, id, requestKey ?? null, JSON.stringify(chosen), rowsPerSecond, expected, now, actor],
  );
  if (rowCount === 1) return { id, isNew: true };
  const { rows } = await tx.query<{ id: string }>(
    'SELECT id FROM replay WHERE workspace_id = $1 AND request_key = $2',
    [tx.workspaceId, requestKey],
  );
  return { id: rows[0]!.id, isNew: false };
}

export async function findReplay(tx: Transaction, id: string): Promise<ReplayRow | undefined> {
  const { rows } = await tx.query<ReplayRow>(
    `SELECT ${COLUMNS} FROM replay WHERE workspace_id = $1 AND id = $2`,
    [tx.workspaceId, id],
  );
  return rows[0];
}

/** The newest first. */
export async function listReplays(tx: Transaction, beforeId: string, limit: number): Promise<ReplayRow[]> {
  const { rows } = await tx.query<ReplayRow>(
    `SELECT ${COLUMNS} FROM replay WHERE workspace_id = $1 AND id < $2::uuid ORDER BY id DESC LIMIT $3`,
    [tx.workspaceId, beforeId, limit],
  );
  return rows;
}

const CLAIMABLE = `state = 'running' AND next_at <= $2::timestamptz + interval '${AHEAD_MS} milliseconds'
  AND (lease_until IS NULL OR lease_until < now())`;

/** Replays that have something to do, and nobody does it. */
export async function dueReplays(tx: Transaction, now: Date): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM replay WHERE workspace_id = $1 AND ${CLAIMABLE} ORDER BY next_at`,
    [tx.workspaceId, now],
  );
  return rows.map(({ id }) => id);
}

/** Takes a replay for one page; the lease runs on PostgreSQL's clock. */
export async function claimReplay(
  tx: Transaction,
  id: string,
  now: Date,
  leaseMs: number,
): Promise<ReplayRow | undefined> {
  const { rows } = await tx.query<ReplayRow>(
    `UPDATE replay SET fence = fence + 1, lease_until = now() + $4 * interval '1 millisecond'
     WHERE workspace_id = $1 AND id = $3 AND ${CLAIMABLE} RETURNING ${COLUMNS}`,
    [tx.workspaceId, now, id, leaseMs],
  );
  return rows[0];
}

/** Gives a replay back as it is. */
export async function releaseReplay(tx: Transaction, { id, fence }: ReplayRow): Promise<void> {
  await tx.query('UPDATE replay SET lease_until = NULL WHERE workspace_id = $1 AND id = $2 AND fence = $3', [
    tx.workspaceId,
    id,
    fence,
  ]);
}

/** Whether a claim still holds; it does then until the transaction ends. */
export async function holdReplay(tx: Transaction, { id, fence }: ReplayRow): Promise<boolean> {
  const { rowCount } = await tx.query(
    `SELECT FROM replay WHERE workspace_id = $1 AND id = $2 AND fence = $3 AND state = 'running' FOR UPDATE`,
    [tx.workspaceId, id, fence],
  );
  return rowCount === 1;
}

export interface ReplayStep {
  after: DeadPlace;
  looked: number;
  replayed: number;
  dropped: number;
  nextAt: Date;
  /** There is nothing after this. */
  isLast: boolean;
}

/** One page further, in the transaction that opened its rows. */
export async function advanceReplay(
  tx: Transaction,
  { id }: ReplayRow,
  step: ReplayStep,
  now: Date,
): Promise<void> {
  await tx.query(
    `UPDATE replay SET after_sync = $3, after_effect = $4, looked = looked + $5, replayed = replayed + $6,
       dropped = dropped + $7, skipped = skipped + $5 - $6 - $7, next_at = $8, lease_until = NULL,
       state = CASE WHEN $9 THEN 'done' ELSE state END, ended_at = CASE WHEN $9 THEN $10::timestamptz END
     WHERE workspace_id = $1 AND id = $2`,
    [
      tx.workspaceId,
      id,
      step.after.syncId,
      step.after.id,
      step.looked,
      step.replayed,
      step.dropped,
      step.nextAt,
      step.isLast,
      now,
    ],
  );
}

/** @param from states that it may be in @returns whether it was in one of them */
export async function setReplayState(
  tx: Transaction,
  id: string,
  state: ReplayState,
  from: readonly ReplayState[],
  { endedAt = null, error = null }: { endedAt?: Date | null; error?: string | null } = {},
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE replay SET state = $3, ended_at = $5, error = $6, lease_until = NULL, fence = fence + 1
     WHERE workspace_id = $1 AND id = $2 AND state = ANY($4::text[])`,
    [tx.workspaceId, id, state, from, endedAt, error],
  );
  return rowCount === 1;
}

/** Replays cancelled after `since` of which something is still to be let go. */
export async function replaysToLetGo(tx: Transaction, since: Date): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM replay r WHERE workspace_id = $1 AND state = 'cancelled' AND ended_at > $2 AND EXISTS (
       SELECT FROM effect e WHERE e.workspace_id = $1 AND e.replay_id = r.id AND e.state = 'pending'
         AND e.operation <> 'remove')`,
    [tx.workspaceId, since],
  );
  return rows.map(({ id }) => id);
}

/** Rows that a replay opened and nobody took yet. */
export async function waitingOf(tx: Transaction, id: string): Promise<number> {
  const { rows } = await tx.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM effect WHERE workspace_id = $1 AND replay_id = $2 AND state = 'pending'`,
    [tx.workspaceId, id],
  );
  return rows[0]?.count ?? 0;
}

/** Where the rows that replays opened stand. */
export async function countsOf(
  tx: Transaction,
  ids: readonly string[],
): Promise<Map<string, Partial<RunCounts>>> {
  const { rows } = await tx.query<{ id: string; counts: Partial<RunCounts> }>(
    `SELECT id, jsonb_object_agg(state, count) AS counts FROM (
       SELECT replay_id AS id, state, count(*) FROM effect WHERE workspace_id = $1 AND replay_id = ANY($2::uuid[]) GROUP BY 1, 2
     ) AS by_state GROUP BY 1`,
    [tx.workspaceId, ids],
  );
  return new Map(rows.map(({ id, counts }) => [id, counts]));
}

/** Those of `persons` that have a profile; no erasure or merge of them comes between until the transaction ends. */
export async function holdLiving(tx: Transaction, persons: readonly number[]): Promise<Set<number>> {
  const { rows } = await tx.query<{ person: number }>(
    `SELECT person FROM profile WHERE workspace_id = $1 AND person = ANY($2::int[]) AND state = 'active'
     ORDER BY person FOR SHARE`,
    [tx.workspaceId, persons],
  );
  return new Set(rows.map(({ person }) => person));
}
