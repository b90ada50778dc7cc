import { Transaction } from '@percorso/storage';
import { ComputedValues, OWN_TRAITS, withComputed } from './computed-values';
import { IdentityRow, ProfileRow, SeenRow } from './profile-document';

/** Everything of some persons, by person. */
export interface ProfileRows {
  profiles: Map<number, ProfileRow>;
  identities: Map<number, IdentityRow[]>;
  seen: Map<number, SeenRow>;
}

/** Read persons in three queries, however many; those merged away or unknown are absent. */
export async function loadProfileRows(tx: Transaction, persons: readonly number[]): Promise<ProfileRows> {
  const values = [tx.workspaceId, persons];
  const profiles = await tx.query<ProfileRow & { computed: ComputedValues }>(
    `SELECT id, person, ${OWN_TRAITS}, computed, consent, groups, version FROM profile
     WHERE workspace_id = $1 AND person = ANY($2::int[]) AND state = 'active'`,
    values,
  );
  const identities = await tx.query<IdentityRow>(
    `SELECT person, node, namespace, value, first_seen AS "firstSeen" FROM identity_node
     WHERE workspace_id = $1 AND person = ANY($2::int[]) ORDER BY node`,
    values,
  );
  const seen = await tx.query<SeenRow>(
    `SELECT h.person, min(f.first_seen) AS "firstSeen", max(f.last_seen) AS "lastSeen"
     FROM (
       SELECT DISTINCT person, home FROM identity_node WHERE workspace_id = $1 AND person = ANY($2::int[])
     ) h
     JOIN profile_fragment f ON f.workspace_id = $1 AND f.home = h.home
     GROUP BY h.person`,
    values,
  );
  const byPerson = new Map<number, IdentityRow[]>();
  for (const row of identities.rows) {
    const rows = byPerson.get(row.person);
    if (rows) rows.push(row);
    else byPerson.set(row.person, [row]);
  }
  return {
    profiles: new Map(
      profiles.rows.map(({ computed, traits, ...row }) => [
        row.person,
        { ...row, traits: withComputed(traits, computed) },
      ]),
    ),
    identities: byPerson,
    seen: new Map(seen.rows.map((row) => [row.person, row])),
  };
}
