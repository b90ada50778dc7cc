import type { Transaction } from '@percorso/storage';

const key = (tx: Transaction): string => `percorso:membership:${tx.workspaceId}`;

/**
 * Held shared by evaluations while they write entries, and alone by whatever makes persons appear and vanish: an entry
 * is either written before a merge, which then ends it, or after, when the loser is no longer there to enter.
 */
export async function shareMembership(tx: Transaction): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [key(tx)]);
}

export async function holdMembership(tx: Transaction): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [key(tx)]);
}
