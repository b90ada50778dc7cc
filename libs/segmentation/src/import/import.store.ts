import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

/** An identity that a row names. */
export interface NamedIdentity {
  namespace: string;
  value: string;
}

export interface ListedNode {
  node: number;
  person: number;
}

/** The lists of audiences, and who imports into them. */
@Injectable()
export class ImportStore {
  /** Take the right to import; false while another import of the audience runs. */
  async begin(tx: Transaction, audienceId: string, id: string, now: Date, until: Date): Promise<boolean> {
    const { rowCount } = await tx.query(
      `INSERT INTO audience_import AS i (workspace_id, audience_id, id, lease_until) VALUES ($1, $2, $3, $5)
       ON CONFLICT (workspace_id, audience_id) DO UPDATE SET id = excluded.id, lease_until = excluded.lease_until
         WHERE i.lease_until <= $4`,
      [tx.workspaceId, audienceId, id, now, until],
    );
    return rowCount === 1;
  }

  /** Keep that right until `until`; false when it was lost. */
  async keep(tx: Transaction, audienceId: string, id: string, until: Date): Promise<boolean> {
    const { rowCount } = await tx.query(
      'UPDATE audience_import SET lease_until = $4 WHERE workspace_id = $1 AND audience_id = $2 AND id = $3',
      [tx.workspaceId, audienceId, id, until],
    );
    return rowCount === 1;
  }

  /** The nodes of identities, in the same order; undefined where there is none. */
  async nodesOf(tx: Transaction, identities: readonly NamedIdentity[]): Promise<(ListedNode | undefined)[]> {
    const { rows } = await tx.query<ListedNode & { index: number }>(
      `SELECT n.node, n.person, g.index::int AS index
       FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS g (namespace, value, index)
       JOIN identity_node n ON n.workspace_id = $1 AND n.namespace = g.namespace AND n.value = g.value`,
      [tx.workspaceId, identities.map((one) => one.namespace), identities.map((one) => one.value)],
    );
    const found: (ListedNode | undefined)[] = identities.map(() => undefined);
    for (const { index, node, person } of rows) found[index - 1] = { node, person };
    return found;
  }

  /** Put nodes on the list; those that were not on it. */
  async add(
    tx: Transaction,
    audienceId: string,
    importId: string,
    nodes: readonly ListedNode[],
  ): Promise<ListedNode[]> {
    const distinct = new Map(nodes.map((one) => [one.node, one]));
    const { rows } = await tx.query<{ node: number }>(
      `SELECT node FROM audience_list
       WHERE workspace_id = $1 AND audience_id = $2 AND node = ANY($3::int[]) AND listed`,
      [tx.workspaceId, audienceId, [...distinct.keys()]],
    );
    const before = new Set(rows.map((row) => row.node));
    await tx.query(
      `INSERT INTO audience_list AS l (workspace_id, audience_id, node, import_id)
       SELECT $1, $2, node, $4 FROM unnest($3::int[]) AS node ORDER BY node
       ON CONFLICT (workspace_id, audience_id, node) DO UPDATE SET import_id = excluded.import_id, listed = true,
         version = l.version + CASE WHEN l.listed THEN 0 ELSE 1 END, dirty = l.dirty OR NOT l.listed`,
      [tx.workspaceId, audienceId, [...distinct.keys()], importId],
    );
    return [...distinct.values()].filter(({ node }) => !before.has(node));
  }

  /** Take the next nodes after `after` that an import did not name off the list. */
  async removeOthers(
    tx: Transaction,
    audienceId: string,
    importId: string,
    after: number,
    limit: number,
  ): Promise<(Omit<ListedNode, 'person'> & { person: number | null })[]> {
    const { rows } = await tx.query<{ node: number; person: number | null }>(
      `WITH gone AS (
         UPDATE audience_list SET listed = false, version = version + 1, dirty = true
         WHERE workspace_id = $1 AND audience_id = $2 AND node IN (
           SELECT node FROM audience_list WHERE workspace_id = $1 AND audience_id = $2 AND node > $4
             AND listed AND import_id <> $3 ORDER BY node LIMIT $5)
         RETURNING node)
       SELECT g.node, n.person FROM gone g
       LEFT JOIN identity_node n ON n.workspace_id = $1 AND n.node = g.node ORDER BY g.node`,
      [tx.workspaceId, audienceId, importId, after, limit],
    );
    return rows;
  }

  /** The nodes of a person, the first seen first. */
  async nodesOfPerson(tx: Transaction, person: number): Promise<ListedNode[]> {
    const { rows } = await tx.query<ListedNode>(
      'SELECT node, person FROM identity_node WHERE workspace_id = $1 AND person = $2 ORDER BY node',
      [tx.workspaceId, person],
    );
    return rows;
  }

  /** Take nodes off the list. */
  async remove(tx: Transaction, audienceId: string, nodes: readonly number[]): Promise<void> {
    await tx.query(
      `UPDATE audience_list SET listed = false, version = version + 1, dirty = true
       WHERE workspace_id = $1 AND audience_id = $2 AND node = ANY($3::int[]) AND listed`,
      [tx.workspaceId, audienceId, nodes],
    );
  }

  /** Which audiences' lists name an identity of these persons. */
  async listsOf(tx: Transaction, persons: readonly number[]): Promise<Map<number, string[]>> {
    const lists = new Map<number, string[]>();
    const { rows } = await tx.query<{ person: number; audience: string }>(
      `SELECT n.person, l.audience_id AS audience FROM identity_node n
       JOIN audience_list l ON l.workspace_id = $1 AND l.node = n.node AND l.listed
       WHERE n.workspace_id = $1 AND n.person = ANY($2::int[])`,
      [tx.workspaceId, persons],
    );
    for (const { person, audience } of rows) lists.set(person, [...(lists.get(person) ?? []), audience]);
    return lists;
  }
}
