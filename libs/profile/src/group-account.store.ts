import { Transaction } from '@percorso/storage';
import { addTraits, TraitStamps } from './fragment';
import { Stamp } from './stamp';

export interface GroupSaying {
  group: string;
  traits: readonly (readonly [string, unknown])[];
  stamp: Stamp;
}

/** Add what events say about groups (accounts); per trait the latest wins. */
export async function saveGroups(tx: Transaction, sayings: readonly GroupSaying[], now: Date): Promise<void> {
  if (sayings.length === 0) return;
  const ids = [...new Set(sayings.map((saying) => saying.group))];
  const { rows } = await tx.query<{ id: string; traits: TraitStamps }>(
    'SELECT id, traits FROM group_account WHERE workspace_id = $1 AND id = ANY($2::text[])',
    [tx.workspaceId, ids],
  );
  const known = new Map(rows.map((row) => [row.id, row.traits]));
  const changed = new Set(ids.filter((id) => !known.has(id)));
  for (const { group, traits, stamp } of sayings) {
    const into = known.get(group) ?? {};
    known.set(group, into);
    if (addTraits(into, traits, stamp)) changed.add(group);
  }
  if (changed.size === 0) return;
  await tx.query(
    `INSERT INTO group_account AS g (workspace_id, id, traits, updated_at)
     SELECT $1, r.id, r.traits, $3 FROM json_to_recordset($2::json) AS r (id text, traits jsonb)
     ON CONFLICT (workspace_id, id) DO UPDATE
     SET traits = excluded.traits, version = g.version + 1, updated_at = $3`,
    [tx.workspaceId, JSON.stringify([...changed].map((id) => ({ id, traits: known.get(id) }))), now],
  );
}
