import type { Transaction } from '../transaction';
import type { LeaseKey, LeaseKind, LeaseRow, LiveWorker } from './lease-plan';

/** One partition that a process has; the fence tells this holding from an earlier one. */
export interface Held {
  partition: number;
  fence: string;
}

/**
 * Without a heartbeat for so long, half a dozen missed, a process counts as dead, and its partitions go to the others. What
 * people wait for waits as long when a worker is killed; one that only sleeps costs cold reads, not correctness.
 */
export const ALIVE_SECONDS = 3;
/** A transaction that does nothing for so long is ended by PostgreSQL: its process sleeps, and others wait for its locks. */
const IDLE_MS = 5_000;

/** Whether the process with that id, an expression in SQL, was there and gives no sign of life any more. */
export const isDead = (owner: string): string =>
  `EXISTS (SELECT FROM worker w WHERE w.id = ${owner} AND w.alive_until < clock_timestamp())`;

/** What there is to see without reading every lease. */
export interface Surroundings {
  /** Changes whenever shares may have to change. */
  signature: string;
  workers: LiveWorker[];
}

/** Tell that this process lives, and look around. */
export async function heartbeat(
  tx: Transaction,
  worker: LiveWorker & { name: string },
): Promise<Surroundings> {
  const { rows: before } = await tx.query<{ alive: boolean }>(
    'SELECT alive_until > clock_timestamp() AS alive FROM worker WHERE id = $1',
    [worker.id],
  );
  await tx.query(
    `INSERT INTO worker (id, name, kinds, alive_until)
     VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => ${ALIVE_SECONDS}))
     ON CONFLICT (id) DO UPDATE SET kinds = excluded.kinds, alive_until = excluded.alive_until`,
    [worker.id, worker.name, worker.kinds],
  );
  const { rows: workers } = await tx.query<LiveWorker>(
    'SELECT id, kinds FROM worker WHERE alive_until > clock_timestamp() ORDER BY id',
  );
  const { rows: rest } = await tx.query<{ newest: string; free: boolean }>(
    `SELECT (SELECT id FROM workspace ORDER BY id DESC LIMIT 1) AS newest,
       EXISTS (SELECT FROM lease WHERE owner IS NULL) AS free`,
  );
  // Others may have taken for dead who was too late; and what is free is free until somebody has it.
  const settled = before[0]?.alive === true && rest[0]?.free === false;
  return { workers, signature: settled ? JSON.stringify([workers, rest]) : '' };
}

/** Take a process off the list, and those that died long ago. */
export async function forgetWorkers(tx: Transaction, id?: string): Promise<void> {
  await tx.query(
    `DELETE FROM worker WHERE id = $1 OR alive_until < clock_timestamp() - interval '1 minute'`,
    [id ?? null],
  );
}

/** Every workspace has at least the first partition of each kind. */
export async function addLeases(tx: Transaction, kinds: readonly LeaseKind[]): Promise<void> {
  await tx.query(
    `INSERT INTO lease (workspace_id, kind, partition)
     SELECT w.id, k.kind, 0 FROM workspace w CROSS JOIN unnest($1::text[]) AS k (kind)
     WHERE NOT EXISTS (SELECT FROM lease l WHERE l.workspace_id = w.id AND l.kind = k.kind AND l.partition = 0)
     ORDER BY w.id ON CONFLICT DO NOTHING`,
    [kinds],
  );
}

export async function readLeases(tx: Transaction): Promise<LeaseRow[]> {
  const { rows } = await tx.query<LeaseRow>(
    `SELECT l.workspace_id AS "workspaceId", l.kind, l.partition, w.id AS owner
     FROM lease l LEFT JOIN worker w ON w.id = l.owner AND w.alive_until > clock_timestamp()
     ORDER BY l.workspace_id, l.kind, l.partition`,
  );
  return rows;
}

/** Take those of `keys` that are still free and not locked by work of a dying owner. */
export async function claimLeases(tx: Transaction, owner: string, keys: readonly LeaseKey[]): Promise<void> {
  if (keys.length === 0) return;
  await tx.query(
    `UPDATE lease l SET owner = $1, fence = l.fence + 1
     FROM (SELECT f.workspace_id, f.kind, f.partition
           FROM lease f JOIN unnest($2::uuid[], $3::text[], $4::smallint[]) AS k (workspace_id, kind, partition)
             USING (workspace_id, kind, partition)
           WHERE NOT EXISTS (SELECT FROM worker w WHERE w.id = f.owner AND w.alive_until > clock_timestamp())
           FOR NO KEY UPDATE OF f SKIP LOCKED) free
     WHERE (l.workspace_id, l.kind, l.partition) = (free.workspace_id, free.kind, free.partition)`,
    [owner, ...columnsOf(keys)],
  );
}

/** Give leases back; those in use are left until their transaction has ended. */
export async function releaseLeases(
  tx: Transaction,
  owner: string,
  keys: readonly LeaseKey[],
): Promise<void> {
  if (keys.length === 0) return;
  await tx.query(
    `UPDATE lease l SET owner = NULL, fence = l.fence + 1
     FROM (SELECT f.workspace_id, f.kind, f.partition
           FROM lease f JOIN unnest($2::uuid[], $3::text[], $4::smallint[]) AS k (workspace_id, kind, partition)
             USING (workspace_id, kind, partition)
           WHERE f.owner = $1 FOR NO KEY UPDATE OF f SKIP LOCKED) mine
     WHERE (l.workspace_id, l.kind, l.partition) = (mine.workspace_id, mine.kind, mine.partition)`,
    [owner, ...columnsOf(keys)],
  );
}

export async function leasesOf(tx: Transaction, owner: string): Promise<(LeaseKey & Held)[]> {
  const { rows } = await tx.query<LeaseKey & Held>(
    `SELECT workspace_id AS "workspaceId", kind, partition, fence FROM lease WHERE owner = $1
     ORDER BY workspace_id, kind, partition`,
    [owner],
  );
  return rows;
}

/**
 * Those of `held` that still are this holder's. They are locked: until the transaction ends nobody else gets them, and if
 * this process falls asleep PostgreSQL ends the transaction.
 */
export async function lockLeases(tx: Transaction, kind: LeaseKind, held: readonly Held[]): Promise<number[]> {
  const { rows } = await tx.query<{ partition: number }>(
    `SELECT l.partition, set_config('idle_in_transaction_session_timeout', '${IDLE_MS}', true)
     FROM lease l JOIN unnest($3::smallint[], $4::bigint[]) AS h (partition, fence) USING (partition, fence)
     WHERE l.workspace_id = $1 AND l.kind = $2 ORDER BY l.partition FOR NO KEY UPDATE OF l SKIP LOCKED`,
    [tx.workspaceId, kind, held.map(({ partition }) => partition), held.map(({ fence }) => fence)],
  );
  return rows.map(({ partition }) => partition);
}

const columnsOf = (keys: readonly LeaseKey[]): unknown[] => [
  keys.map(({ workspaceId }) => workspaceId),
  keys.map(({ kind }) => kind),
  keys.map(({ partition }) => partition),
];
