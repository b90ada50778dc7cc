import type { Database, Transaction } from '@percorso/storage';
import { tryLoadLock } from './locks';

/** The right to write a workspace's rows to ClickHouse. */
export interface LoadLock {
  /** Asked before every write. @throws when PostgreSQL took the right away while this process slept */
  assertHeld(): Promise<void>;
}

export interface Patience {
  /** Without a word for so long the holder counts as asleep, and PostgreSQL ends its transaction. */
  idleMs: number;
  /** Between two words. */
  beatMs: number;
}

export const PATIENCE: Patience = { idleMs: 15_000, beatMs: 2_000 };

/**
 * Run `work` with the right; undefined when another process has it. The transaction that holds it waits for ClickHouse
 * most of the time and says a word now and then, so that it ends with a process that sleeps and with no other.
 * @throws what PostgreSQL says of a transaction it ended, also when `work` did not notice
 */
export async function withLoadLock<T>(
  database: Database,
  workspaceId: string,
  { idleMs, beatMs }: Patience,
  work: (lock: LoadLock) => Promise<T>,
): Promise<{ result: T } | undefined> {
  return database.tx(workspaceId, async (tx) => {
    if (!(await tryLoadLock(tx, workspaceId))) return undefined;
    await tx.query(`SELECT set_config('idle_in_transaction_session_timeout', $1, true)`, [String(idleMs)]);
    const beat = setInterval(() => tx.send('SELECT 1'), beatMs);
    try {
      return { result: await work({ assertHeld: () => speak(tx) }) };
    } finally {
      clearInterval(beat);
    }
  });
}

async function speak(tx: Transaction): Promise<void> {
  await tx.query('SELECT 1');
}
