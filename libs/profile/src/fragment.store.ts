import { Transaction } from '@percorso/storage';
import { Fragment } from './fragment';

/** The fragments of `homes`; homes without one are absent. */
export async function loadFragments(
  tx: Transaction,
  homes: readonly number[],
): Promise<Map<number, Fragment>> {
  if (homes.length === 0) return new Map();
  const { rows } = await tx.query<Fragment & { home: number }>(
    `SELECT home, traits, consent, groups, first_seen AS "firstSeen", last_seen AS "lastSeen"
     FROM profile_fragment WHERE workspace_id = $1 AND home = ANY($2::int[])`,
    [tx.workspaceId, homes],
  );
  return new Map(rows.map(({ home, ...fragment }) => [home, fragment]));
}

export async function saveFragments(
  tx: Transaction,
  fragments: Iterable<readonly [number, Fragment]>,
): Promise<void> {
  const rows = [...fragments].map(([home, fragment]) => ({ home, ...fragment }));
  if (rows.length === 0) return;
  tx.send(
    `INSERT INTO profile_fragment (workspace_id, home, traits, consent, groups, first_seen, last_seen)
     SELECT $1, f.home, f.traits, f.consent, f.groups, f."firstSeen", f."lastSeen"
     FROM json_to_recordset($2::json) AS f
       (home int, traits jsonb, consent jsonb, groups text[], "firstSeen" timestamptz, "lastSeen" timestamptz)
     ON CONFLICT (workspace_id, home) DO UPDATE SET traits = excluded.traits, consent = excluded.consent,
       groups = excluded.groups, first_seen = excluded.first_seen, last_seen = excluded.last_seen`,
    [tx.workspaceId, JSON.stringify(rows)],
  );
}

/** When someone was seen, without anything new being said. */
export interface Seen {
  home: number;
  first: Date;
  last: Date;
}

export async function saveSeen(tx: Transaction, seen: readonly Seen[]): Promise<void> {
  if (seen.length === 0) return;
  // ANY says what the join says already, but as a condition on the index: without it a workspace that its statistics
  // do not know yet to be large would be read whole.
  tx.send(
    `UPDATE profile_fragment f SET first_seen = least(f.first_seen, s.first), last_seen = greatest(f.last_seen, s.last)
     FROM unnest($2::int[], $3::timestamptz[], $4::timestamptz[]) AS s (home, first, last)
     WHERE f.workspace_id = $1 AND f.home = ANY($2) AND f.home = s.home AND (s.first < f.first_seen OR s.last > f.last_seen)`,
    [tx.workspaceId, seen.map((row) => row.home), seen.map((row) => row.first), seen.map((row) => row.last)],
  );
}
