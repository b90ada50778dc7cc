import type { Transaction } from '@percorso/storage';

const key = (tx: Transaction): string => `percorso:journeys:${tx.workspaceId}`;

/**
 * Held shared while a turn is written, and alone by whatever makes persons appear and vanish or changes what journeys are:
 * an entry is either written before a merge or a publication, which then takes it along, or not at all, for the turn is
 * done again.
 */
export async function shareJourneys(tx: Transaction): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [key(tx)]);
}

export async function holdJourneys(tx: Transaction): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [key(tx)]);
}
