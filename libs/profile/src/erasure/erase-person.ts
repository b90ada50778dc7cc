import { Transaction } from '@percorso/storage';

/** Rows that were deleted, by kind. */
export interface PersonRows {
  nodes: number[];
  rows: number;
}

/** Delete all that PostgreSQL's profile tables hold of a person. `homes` are itself and all merged into it. */
export async function erasePerson(
  tx: Transaction,
  person: number,
  homes: readonly number[],
): Promise<PersonRows> {
  const { rows } = await tx.query<{ node: number }>(
    'DELETE FROM identity_node WHERE workspace_id = $1 AND person = $2 RETURNING node',
    [tx.workspaceId, person],
  );
  const nodes = rows.map((row) => row.node);
  let count = nodes.length;
  const remove = async (from: string, ids: readonly number[]): Promise<void> => {
    const { rowCount } = await tx.query(`DELETE FROM ${from}`, [tx.workspaceId, ids]);
    count += rowCount ?? 0;
  };
  await remove('event WHERE workspace_id = $1 AND node = ANY($2::int[])', nodes);
  await remove('audience_list WHERE workspace_id = $1 AND node = ANY($2::int[])', nodes);
  await remove(
    `account_member m USING profile_fragment f
     WHERE f.workspace_id = $1 AND f.home = ANY($2::int[])
       AND m.workspace_id = $1 AND m.account_id = ANY(f.groups) AND m.home = f.home`,
    homes,
  );
  await remove('profile_fragment WHERE workspace_id = $1 AND home = ANY($2::int[])', homes);
  await remove('profile WHERE workspace_id = $1 AND person = ANY($2::int[])', homes);
  await remove(
    'merge WHERE workspace_id = $1 AND (winner = ANY($2::int[]) OR loser = ANY($2::int[]))',
    homes,
  );
  await remove(
    'merge_refusal WHERE workspace_id = $1 AND (kept = ANY($2::int[]) OR refused = ANY($2::int[]))',
    homes,
  );
  return { nodes, rows: count };
}
