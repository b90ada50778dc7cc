import type { Transaction } from '@percorso/storage';
import type { LastEffect } from './plan-row';

/** The newest effect of a sync that reached the target, or may have or may yet, for each person that has one. */
export async function lastEffects(
  tx: Transaction,
  syncId: string,
  persons: readonly number[],
): Promise<Map<number, LastEffect>> {
  if (persons.length === 0) return new Map();
  const { rows } = await tx.query<LastEffect & { person: number }>(
    `SELECT DISTINCT ON (person) person, membership_version % 2 = 1 AS entered, payload FROM effect
     WHERE workspace_id = $1 AND sync_id = $2 AND person = ANY($3::int[])
       AND (state IN ('pending', 'sending', 'accepted', 'unknown') OR doubtful_since IS NOT NULL)
     ORDER BY person, membership_version DESC`,
    [tx.workspaceId, syncId, persons],
  );
  return new Map(rows.map((row) => [row.person, row]));
}
