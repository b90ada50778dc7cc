import { Problem } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';
import { lockIdentities } from './identity.store';

export interface Merge {
  id: string;
  winner: number;
  loser: number;
  cause: { kind: 'identify' | 'alias' | 'manual'; messageId?: string; pos?: number };
  at: Date;
  reversedAt: Date | null;
}

export interface ReversedMerge {
  merge: Merge;
  /** The two persons that came out: what the winner's side and the loser's side are now. */
  winner: number;
  loser: number;
}

const COLUMNS = 'id, winner, loser, cause, at, reversed_at AS "reversedAt"';

/** Merges by id, oldest first; `persons` limits them to those whose winner or loser is among them. */
export async function listMerges(
  tx: Transaction,
  options: { afterId?: string; limit: number; persons?: readonly number[] },
): Promise<Merge[]> {
  const { rows } = await tx.query<Merge>(
    `SELECT ${COLUMNS} FROM merge
     WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id > $2)
       AND ($3::int[] IS NULL OR winner = ANY($3) OR loser = ANY($3))
     ORDER BY id LIMIT $4`,
    [tx.workspaceId, options.afterId ?? null, options.persons ?? null, options.limit],
  );
  return rows;
}

/** The person a person number stands for today: itself, or what it was merged into. */
export async function currentPerson(tx: Transaction, person: number): Promise<number> {
  const { rows } = await tx.query<{ person: number }>(
    `WITH RECURSIVE up AS (
       SELECT $2::int AS person
       UNION ALL
       SELECT m.winner FROM up JOIN merge m ON m.workspace_id = $1 AND m.loser = up.person AND m.reversed_at IS NULL
     )
     SELECT person FROM up u
     WHERE NOT EXISTS (
       SELECT FROM merge m WHERE m.workspace_id = $1 AND m.loser = u.person AND m.reversed_at IS NULL
     )`,
    [tx.workspaceId, person],
  );
  return rows[0]?.person ?? person;
}

/** Merge two persons by hand. Both must be current; the caller chooses the winner. */
export async function addMerge(
  tx: Transaction,
  merge: { id: string; winner: number; loser: number; at: Date },
): Promise<void> {
  await lockIdentities(tx);
  await tx.query(
    `INSERT INTO merge (workspace_id, id, winner, loser, cause, at) VALUES ($1, $2, $3, $4, '{"kind":"manual"}', $5)`,
    [tx.workspaceId, merge.id, merge.winner, merge.loser, merge.at],
  );
  await tx.query(
    `UPDATE identity_node SET person = $2, version = version + 1, dirty = true WHERE workspace_id = $1 AND person = $3`,
    [tx.workspaceId, merge.winner, merge.loser],
  );
}

/** Take one merge back: its row stops counting and the loser's side of the component gets its own person again. */
export async function reverseMerge(tx: Transaction, id: string, at: Date): Promise<ReversedMerge> {
  await lockIdentities(tx);
  const { rows } = await tx.query<Merge>(
    `SELECT ${COLUMNS} FROM merge WHERE workspace_id = $1 AND id = $2 FOR UPDATE`,
    [tx.workspaceId, id],
  );
  const merge = rows[0];
  if (!merge) throw Problem.notFound('Merge');
  if (merge.reversedAt) throw Problem.conflict('merge-reversed', 'This merge has been reversed already.');
  await tx.query('UPDATE merge SET reversed_at = $3 WHERE workspace_id = $1 AND id = $2', [
    tx.workspaceId,
    id,
    at,
  ]);
  // The loser was a root when it was merged and lost its only live row: it is a root again, with all below it.
  const winner = await currentPerson(tx, merge.winner);
  const homes = await homesOf(tx, [merge.loser]);
  await tx.query(
    `UPDATE identity_node SET person = $2, version = version + 1, dirty = true
     WHERE workspace_id = $1 AND person = $3 AND home = ANY($4::int[])`,
    [tx.workspaceId, merge.loser, winner, homes.get(merge.loser)],
  );
  return { merge: { ...merge, reversedAt: at }, winner, loser: merge.loser };
}

/** The homes each of `persons` consists of: itself and, through live merges, all that were merged into it. */
export async function homesOf(tx: Transaction, persons: readonly number[]): Promise<Map<number, number[]>> {
  const homes = new Map<number, number[]>();
  if (persons.length === 0) return homes;
  const { rows } = await tx.query<{ person: number; homes: number[] }>(
    `WITH RECURSIVE component AS (
       SELECT p AS person, p AS home FROM unnest($2::int[]) AS p
       UNION ALL
       SELECT c.person, m.loser FROM component c JOIN merge m
         ON m.workspace_id = $1 AND m.winner = c.home AND m.reversed_at IS NULL
     )
     SELECT person, array_agg(home ORDER BY home) AS homes FROM component GROUP BY person`,
    [tx.workspaceId, persons],
  );
  for (const row of rows) homes.set(row.person, row.homes);
  return homes;
}
