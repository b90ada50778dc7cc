import { newId } from '@percorso/kernel';
import { homesOf } from '@percorso/identity';
import { Transaction } from '@percorso/storage';
import { MergedFragment, mergeFragments } from './fragment';
import { loadFragments } from './fragment.store';
import { policyInForce } from './merge-policy/merge-policy.store';
import { PersonRef } from './person-hooks';

/** A profile to write: the fragments of its homes merged. */
export interface ProfileContent {
  person: number;
  content: MergedFragment;
  /** False when readers would see no difference, so that it keeps its version. */
  visible: boolean;
}

/** Write profiles, creating those that are missing; all become active. */
export async function saveProfiles(
  tx: Transaction,
  profiles: readonly ProfileContent[],
  now: Date,
): Promise<void> {
  if (profiles.length === 0) return;
  const rows = profiles.map(({ person, content, visible }) => ({ id: newId(), person, visible, ...content }));
  tx.send(
    `INSERT INTO profile AS p
       (workspace_id, person, id, traits, consent, groups, created_at, updated_at)
     SELECT $1, r.person, r.id, r.traits, r.consent, r.groups, $3, $3
     FROM json_to_recordset($2::json) AS r
       (person int, id uuid, traits jsonb, consent jsonb, groups text[])
     ON CONFLICT (workspace_id, person) DO UPDATE SET traits = excluded.traits, consent = excluded.consent,
       groups = excluded.groups, state = 'active', updated_at = $3,
       version = p.version + CASE WHEN p.state = 'merged' OR p.person = ANY($4::int[]) THEN 1 ELSE 0 END,
       dirty = p.dirty OR p.state = 'merged' OR p.person = ANY($4::int[])`,
    [
      tx.workspaceId,
      JSON.stringify(rows),
      now,
      profiles.filter((profile) => profile.visible).map((profile) => profile.person),
    ],
  );
}

/** Give each founding person a profile row, also those merged away in the same batch. */
export async function foundProfiles(
  tx: Transaction,
  founders: readonly { person: number; merged: boolean }[],
  now: Date,
): Promise<void> {
  if (founders.length === 0) return;
  tx.send(
    `INSERT INTO profile (workspace_id, person, id, state, created_at, updated_at)
     SELECT $1, f.person, f.id, CASE WHEN f.merged THEN 'merged' ELSE 'active' END, $2, $2
     FROM unnest($3::int[], $4::uuid[], $5::bool[]) AS f (person, id, merged)`,
    [
      tx.workspaceId,
      now,
      founders.map((founder) => founder.person),
      founders.map(() => newId()),
      founders.map((founder) => founder.merged),
    ],
  );
}

/** Persons that are part of another now: readers no longer find them, ClickHouse drops them. */
export async function markMerged(tx: Transaction, persons: readonly number[], now: Date): Promise<void> {
  tx.send(
    `UPDATE profile SET state = 'merged', version = version + 1, dirty = true, updated_at = $3
     WHERE workspace_id = $1 AND person = ANY($2::int[]) AND state = 'active'`,
    [tx.workspaceId, persons, now],
  );
}

/** Build the profiles of `persons` anew from all their fragments; the caller holds the identity lock. */
export async function rebuildProfiles(tx: Transaction, persons: readonly number[], now: Date): Promise<void> {
  const homes = await homesOf(tx, persons);
  const fragments = await loadFragments(tx, [...homes.values()].flat());
  const { ranks } = await policyInForce(tx);
  const profiles: ProfileContent[] = [];
  for (const [person, own] of homes) {
    const said = own.flatMap((home) => fragments.get(home) ?? []);
    if (said.length > 0) profiles.push({ person, content: mergeFragments(said, ranks), visible: true });
  }
  await saveProfiles(tx, profiles, now);
}

/** The public ids of persons, whatever their state. */
export async function refsOf(tx: Transaction, persons: readonly number[]): Promise<Map<number, PersonRef>> {
  const { rows } = await tx.query<PersonRef>(
    `SELECT person, id AS "profileId" FROM profile WHERE workspace_id = $1 AND person = ANY($2::int[])`,
    [tx.workspaceId, persons],
  );
  return new Map(rows.map((row) => [row.person, row]));
}
