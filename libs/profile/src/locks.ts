import { Transaction } from '@percorso/storage';

/**
 * Advisory locks, held until the transaction ends. The applier's is no row lock on ingest_head, for accepting events
 * locks that row: applying would stop acceptance for the length of a batch.
 */
const APPLY = 'apply';
const LOAD = 'load';
const ROLLOUT = 'policy-rollout';

const keyed = (kind: string, workspaceId: string, partition = 0): string =>
  `percorso:${kind}:${workspaceId}:${partition}`;

async function tryLock(tx: Transaction, key: string): Promise<boolean> {
  const { rows } = await tx.query<{ locked: boolean }>(
    'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked',
    [key],
  );
  return rows[0]?.locked === true;
}

/** The right to apply one partition's log; false when another worker has it. */
export const tryApplyLock = (tx: Transaction, workspaceId: string, partition: number): Promise<boolean> =>
  tryLock(tx, keyed(APPLY, workspaceId, partition));

/** The right to write a workspace's rows to ClickHouse; false when another holds it. */
export const tryLoadLock = (tx: Transaction, workspaceId: string): Promise<boolean> =>
  tryLock(tx, keyed(LOAD, workspaceId));

/** The right to carry out a workspace's merge policy; false when another worker is at it. */
export const tryRolloutLock = (tx: Transaction, workspaceId: string): Promise<boolean> =>
  tryLock(tx, keyed(ROLLOUT, workspaceId));
