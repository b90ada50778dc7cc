import { canonicalJson } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';
import { flatten, type FlatValues } from './flatten';
import { plainTraits, TraitStamps } from './said-trait';
import { isLater, Stamp } from './stamp';

export interface GroupSaying {
  group: string;
  /** Whose home belongs to it. */
  home: number;
  traits: readonly (readonly [string, unknown])[];
  stamp: Stamp;
}

/**
 * Add what events say about groups (accounts); per trait the latest wins. The known ones of which readers see another
 * value now: who belongs to a new one gets a new version of the profile.
 */
export async function saveGroups(
  tx: Transaction,
  sayings: readonly GroupSaying[],
  now: Date,
): Promise<string[]> {
  if (sayings.length === 0) return [];
  await saveMembers(tx, sayings);
  const ids = [...new Set(sayings.map((saying) => saying.group))];
  const { rows } = await tx.query<{ id: string; traits: TraitStamps }>(
    'SELECT id, traits FROM group_account WHERE workspace_id = $1 AND id = ANY($2::text[])',
    [tx.workspaceId, ids],
  );
  const known = new Map(rows.map((row) => [row.id, row.traits]));
  const before = new Map(rows.map((row) => [row.id, visibleTraits(row.traits)]));
  const changed = new Set(ids.filter((id) => !known.has(id)));
  for (const { group, traits, stamp } of sayings) {
    const into = known.get(group) ?? {};
    known.set(group, into);
    if (addLatest(into, traits, stamp)) changed.add(group);
  }
  const visible = [...changed].filter((id) => before.get(id) !== visibleTraits(known.get(id)!));
  if (changed.size > 0) {
    tx.send(
      `INSERT INTO group_account AS g (workspace_id, id, traits, updated_at)
       SELECT $1, r.id, r.traits, $3 FROM json_to_recordset($2::json) AS r (id text, traits jsonb)
       ON CONFLICT (workspace_id, id) DO UPDATE SET traits = excluded.traits, updated_at = $3,
         version = g.version + 1, dirty = g.dirty OR g.id = ANY($4::text[])`,
      [
        tx.workspaceId,
        JSON.stringify([...changed].map((id) => ({ id, traits: known.get(id) }))),
        now,
        visible,
      ],
    );
  }
  return visible.filter((id) => before.has(id));
}

/** Whoever said it: accounts know no merge policy. True when something changed. */
function addLatest(into: TraitStamps, traits: GroupSaying['traits'], stamp: Stamp): boolean {
  let changed = false;
  for (const [key, value] of traits) {
    // Assigned, it would set the prototype instead of a key.
    if (key === '__proto__') continue;
    if (!isLater(stamp, Object.hasOwn(into, key) ? into[key] : undefined)) continue;
    into[key] = { value, ...stamp };
    changed = true;
  }
  return changed;
}

const visibleTraits = (traits: TraitStamps): string => canonicalJson(plainTraits(traits));

async function saveMembers(tx: Transaction, sayings: readonly GroupSaying[]): Promise<void> {
  tx.send(
    `INSERT INTO account_member (workspace_id, account_id, home)
     SELECT DISTINCT $1::uuid, account_id, home FROM unnest($2::text[], $3::int[]) AS m (account_id, home)
     ON CONFLICT DO NOTHING`,
    [tx.workspaceId, sayings.map((saying) => saying.group), sayings.map((saying) => saying.home)],
  );
}

/** Traits of accounts as conditions see them. */
export async function accountValues(
  tx: Transaction,
  accounts: readonly string[],
): Promise<Map<string, FlatValues>> {
  if (accounts.length === 0) return new Map();
  const { rows } = await tx.query<{ id: string; traits: TraitStamps }>(
    'SELECT id, traits FROM group_account WHERE workspace_id = $1 AND id = ANY($2::text[])',
    [tx.workspaceId, accounts],
  );
  return new Map(rows.map(({ id, traits }) => [id, flatten(plainTraits(traits))]));
}
