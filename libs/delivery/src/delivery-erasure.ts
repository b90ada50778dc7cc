import { Injectable } from '@nestjs/common';
import type { Cleared, ErasedPerson, PersonHook, PersonRef } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { namespaceOf } from './channel-namespace';
import { erasedAddress } from './erased-address';
import { comparableAddress } from './suppression.store';

/** Told by a sync or by none: named so that the index by both is used. */
const SYNCS = '(sync_id = ANY(ARRAY(SELECT id FROM sync WHERE workspace_id = $1)) OR sync_id IS NULL)';

/** What happens at once when a person is erased: nothing more is sent, and suppressions no longer show the address. */
@Injectable()
export class DeliveryErasure implements PersonHook {
  async erased(
    tx: Transaction,
    _persons: readonly PersonRef[],
    now: Date,
    whole: ErasedPerson,
  ): Promise<Cleared[]> {
    const cancelled = await cancel(tx, whole.homes, now);
    return [
      { place: 'pending-sends', count: cancelled },
      { place: 'suppressions', count: await hideSuppressions(tx, whole) },
    ];
  }
}

/** Whatever would write the person somewhere; a removal still goes out. A message that may have arrived stays unknown. */
async function cancel(tx: Transaction, persons: readonly number[], now: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `UPDATE effect SET reason_code = 'profile-gone', reason = NULL, pointer = NULL, updated_at = $3,
       state = CASE WHEN operation IN ('send', 'call') AND doubtful_since IS NOT NULL THEN 'unknown' ELSE 'suppressed' END,
       due_at = CASE WHEN operation IN ('send', 'call') AND doubtful_since IS NOT NULL THEN 'infinity' ELSE due_at END
     WHERE workspace_id = $1 AND ${SYNCS} AND person = ANY($2::int[]) AND state = 'pending' AND operation <> 'remove'`,
    [tx.workspaceId, persons, now],
  );
  return rowCount ?? 0;
}

/** Addresses of the person stay suppressed, as hashes: those that are identities and those that were written to. */
async function hideSuppressions(tx: Transaction, { homes, identities }: ErasedPerson): Promise<number> {
  const written = await tx.query<{ channel: string; address: string }>(
    `SELECT DISTINCT channel, address FROM effect
     WHERE workspace_id = $1 AND ${SYNCS} AND person = ANY($2::int[]) AND channel IS NOT NULL AND address IS NOT NULL`,
    [tx.workspaceId, homes],
  );
  const channels = await tx.query<{ channel: string }>(
    'SELECT DISTINCT channel FROM suppression WHERE workspace_id = $1',
    [tx.workspaceId],
  );
  const own = channels.rows.flatMap(({ channel }) =>
    identities
      .filter(({ namespace }) => namespace === namespaceOf(channel))
      .map(({ value }) => ({ channel, address: value })),
  );
  const known = [...own, ...written.rows].map(({ channel, address }) => ({
    channel,
    comparable: comparableAddress(channel, address),
  }));
  const { rowCount } = await tx.query(
    `UPDATE suppression s SET address = k.hidden
     FROM (SELECT DISTINCT * FROM unnest($2::text[], $3::text[], $4::text[]) AS u (channel, comparable, hidden)) k
     WHERE s.workspace_id = $1 AND s.channel = k.channel AND s.address = k.comparable
       AND NOT EXISTS (SELECT FROM suppression o
         WHERE o.workspace_id = $1 AND o.channel = k.channel AND o.address = k.hidden)`,
    [
      tx.workspaceId,
      known.map(({ channel }) => channel),
      known.map(({ comparable }) => comparable),
      known.map(({ channel, comparable }) => erasedAddress(tx.workspaceId!, channel, comparable)),
    ],
  );
  // What was hidden by an earlier erasure of the same address is there already.
  const doubles = await tx.query(
    `DELETE FROM suppression s USING unnest($2::text[], $3::text[]) AS k (channel, comparable)
     WHERE s.workspace_id = $1 AND s.channel = k.channel AND s.address = k.comparable`,
    [tx.workspaceId, known.map(({ channel }) => channel), known.map(({ comparable }) => comparable)],
  );
  return (rowCount ?? 0) + (doubles.rowCount ?? 0);
}
