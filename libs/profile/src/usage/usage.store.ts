import type { Transaction } from '@percorso/storage';
import type { FieldLabelsView, LabelView } from './usage.dto';
import type { PolicyRow } from './usage-rules';

/** The tables of what a workspace says itself: each row has a name and counts its versions. */
export type UsageTable = 'usage_label' | 'field_label' | 'usage_policy';

const NAME: Record<UsageTable, string> = { usage_label: 'name', field_label: 'field', usage_policy: 'name' };

export async function listLabels(tx: Transaction): Promise<Omit<LabelView, 'standard'>[]> {
  const { rows } = await tx.query<Omit<LabelView, 'standard'>>(
    `SELECT name, description, version::float8 AS version FROM usage_label WHERE workspace_id = $1 ORDER BY name`,
    [tx.workspaceId],
  );
  return rows;
}

export async function listFieldLabels(
  tx: Transaction,
  { after, field, limit }: { after?: string; field?: string; limit: number },
): Promise<FieldLabelsView[]> {
  const { rows } = await tx.query<FieldLabelsView>(
    `SELECT field, labels, version::float8 AS version FROM field_label
     WHERE workspace_id = $1 AND ($2::text IS NULL OR field > $2) AND ($3::text IS NULL OR field = $3)
     ORDER BY field LIMIT $4`,
    [tx.workspaceId, after ?? null, field ?? null, limit],
  );
  return rows;
}

export async function listPolicies(tx: Transaction): Promise<PolicyRow[]> {
  const { rows } = await tx.query<PolicyRow>(
    `SELECT name, rule, enabled, version::float8 AS version FROM usage_policy WHERE workspace_id = $1 ORDER BY name`,
    [tx.workspaceId],
  );
  return rows;
}

/** Make the row, or give it new values and the next version. */
export async function putRow(
  tx: Transaction,
  table: UsageTable,
  name: string,
  values: Record<string, unknown>,
  at: Date,
): Promise<void> {
  const columns = Object.keys(values);
  await tx.query(
    `INSERT INTO ${table} AS t (workspace_id, ${NAME[table]}, created_at, updated_at, ${columns.join(', ')})
     VALUES ($1, $2, $3, $3, ${columns.map((_, index) => `$${index + 4}`).join(', ')})
     ON CONFLICT (workspace_id, ${NAME[table]}) DO UPDATE SET version = t.version + 1, updated_at = excluded.updated_at,
       ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    [tx.workspaceId, name, at, ...Object.values(values)],
  );
}

export async function removeRow(tx: Transaction, table: UsageTable, name: string): Promise<void> {
  await tx.query(`DELETE FROM ${table} WHERE workspace_id = $1 AND ${NAME[table]} = $2`, [
    tx.workspaceId,
    name,
  ]);
}

/** Where a label is used: fields, and policies of the workspace's own. */
export async function usersOfLabel(tx: Transaction, label: string): Promise<string[]> {
  const { rows } = await tx.query<{ name: string }>(
    `SELECT field AS name FROM field_label WHERE workspace_id = $1 AND $2 = ANY(labels)
     UNION ALL SELECT 'policy ' || name FROM usage_policy WHERE workspace_id = $1 AND rule -> 'labels' ? $2 LIMIT 10`,
    [tx.workspaceId, label],
  );
  return rows.map(({ name }) => name);
}
