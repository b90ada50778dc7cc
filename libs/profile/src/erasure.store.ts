import { newId } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';

export interface ErasureOrder {
  profileId: string;
  person: number;
  /** The persons it consists of: itself and all merged into it. */
  homes: readonly number[];
  now: Date;
}

/** Delete all of a person and note what ClickHouse has to forget. */
export async function erasePerson(tx: Transaction, order: ErasureOrder): Promise<void> {
  const { rows } = await tx.query<{ node: number }>(
    'DELETE FROM identity_node WHERE workspace_id = $1 AND person = $2 RETURNING node',
    [tx.workspaceId, order.person],
  );
  const nodes = rows.map((row) => row.node);
  const values = [tx.workspaceId, order.homes];
  await tx.query('DELETE FROM audience_list WHERE workspace_id = $1 AND node = ANY($2::int[])', [
    tx.workspaceId,
    nodes,
  ]);
  await tx.query('DELETE FROM event WHERE workspace_id = $1 AND node = ANY($2::int[])', [
    tx.workspaceId,
    nodes,
  ]);
  await tx.query(
    `DELETE FROM account_member m USING profile_fragment f
     WHERE f.workspace_id = $1 AND f.home = ANY($2::int[])
       AND m.workspace_id = $1 AND m.account_id = ANY(f.groups) AND m.home = f.home`,
    values,
  );
  await tx.query('DELETE FROM profile_fragment WHERE workspace_id = $1 AND home = ANY($2::int[])', values);
  await tx.query('DELETE FROM profile WHERE workspace_id = $1 AND person = ANY($2::int[])', values);
  await tx.query(
    'DELETE FROM merge WHERE workspace_id = $1 AND (winner = ANY($2::int[]) OR loser = ANY($2::int[]))',
    values,
  );
  await tx.query(
    'DELETE FROM merge_refusal WHERE workspace_id = $1 AND (kept = ANY($2::int[]) OR refused = ANY($2::int[]))',
    values,
  );
  await tx.query(
    `INSERT INTO erasure (workspace_id, id, profile_id, persons, nodes, requested_at) VALUES ($1, $2, $3, $4, $5, $6)`,
    [tx.workspaceId, newId(), order.profileId, order.homes, nodes, order.now],
  );
}
