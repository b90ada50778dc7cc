import type { Delivered, Wire } from '@percorso/connector';
import { newId } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import type { Outcome } from './outcome';

/** An effect with what went over the wire for it. */
export interface KeptExchange {
  id: string;
  wire: Wire;
}

/** What is kept of a claim's verdicts: of rows that are rejected or in doubt by now. Those that are tried again say so later. */
export function exchangesToKeep(
  verdicts: readonly Delivered[],
  outcomes: readonly { id: string; outcome: Outcome }[],
): KeptExchange[] {
  return outcomes.flatMap(({ id, outcome }, index) => {
    const wire = verdicts[index]?.exchange;
    return wire && (outcome.state === 'rejected' || outcome.state === 'unknown') ? [{ id, wire }] : [];
  });
}

/** Keeps each exchange once, in the place of what was kept of these effects before. */
export async function keepExchanges(
  tx: Transaction,
  kept: readonly KeptExchange[],
  now: Date,
): Promise<void> {
  if (kept.length === 0) return;
  await dropExchanges(
    tx,
    kept.map(({ id }) => id),
  );
  const ids = new Map(kept.map(({ wire }) => [wire.exchange, { id: newId(), items: wire.items }]));
  await tx.insertRows(
    'exchange',
    ['workspace_id', 'id', 'items', 'detail', 'at'],
    [...ids].map(([exchange, { id, items }]) => [tx.workspaceId, id, items, exchange, now]),
  );
  await tx.insertRows(
    'effect_exchange',
    ['workspace_id', 'effect_id', 'exchange_id', 'item'],
    kept.map(({ id, wire }) => [tx.workspaceId, id, ids.get(wire.exchange)!.id, wire.item]),
  );
}

/** Dead letters no more, or put aside: what went over the wire for them goes. */
export async function dropExchanges(tx: Transaction, effectIds: readonly string[]): Promise<void> {
  await tx.query('DELETE FROM effect_exchange WHERE workspace_id = $1 AND effect_id = ANY($2::uuid[])', [
    tx.workspaceId,
    effectIds,
  ]);
}

/** What went over the wire last for an effect that ended badly. */
export async function findExchange(tx: Transaction, effectId: string): Promise<Wire | undefined> {
  const { rows } = await tx.query<Wire>(
    `SELECT x.detail AS exchange, x.items, e.item FROM effect_exchange e
     JOIN exchange x ON x.workspace_id = e.workspace_id AND x.id = e.exchange_id
     WHERE e.workspace_id = $1 AND e.effect_id = $2`,
    [tx.workspaceId, effectId],
  );
  return rows[0];
}

/**
 * Forgets some exchanges older than `before`, and of the others the oldest of those that are more than `most`.
 * @returns how many
 */
export async function forgetExchanges(
  tx: Transaction,
  { before, most, atOnce }: { before: Date; most: number; atOnce: number },
): Promise<number> {
  const { rowCount } = await tx.query(
    `DELETE FROM exchange WHERE workspace_id = $1 AND id = ANY(ARRAY(
       SELECT id FROM exchange WHERE workspace_id = $1 AND at < greatest($2::timestamptz, (
         SELECT at FROM exchange WHERE workspace_id = $1 ORDER BY at DESC OFFSET $3 LIMIT 1)) LIMIT $4))`,
    [tx.workspaceId, before, most, atOnce],
  );
  return rowCount ?? 0;
}
