import type { Transaction } from '@percorso/storage';
import { parseField } from './field-name';
import type { UsageRules } from './find-violations';
import { STANDARD_POLICIES, type UsagePolicy } from './standard';

/** A policy as it is kept: a standard one has no rule of its own. */
export interface PolicyRow {
  name: string;
  rule: Omit<UsagePolicy, 'name'> | null;
  enabled: boolean;
  version: number;
}

/** The rules of a workspace, all of one moment. */
export async function usageRules(tx: Transaction): Promise<UsageRules> {
  const { rows } = await tx.query<{
    version: number;
    labelled: { field: string; labels: string[] }[];
    policies: PolicyRow[];
  }>(
    `SELECT usage_version::float8 AS version,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('field', field, 'labels', labels) ORDER BY field), '[]')
        FROM field_label WHERE workspace_id = $1) AS labelled,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'rule', rule, 'enabled', enabled) ORDER BY name), '[]')
        FROM usage_policy WHERE workspace_id = $1) AS policies
     FROM workspace WHERE id = $1`,
    [tx.workspaceId],
  );
  const { version = 0, labelled = [], policies = [] } = rows[0] ?? {};
  return {
    version,
    // A name that this release cannot read is every field.
    labelled: labelled.map(({ field, labels }) => ({ field: parseField(field) ?? [], labels })),
    policies: policiesInForce(policies),
  };
}

/** The version they are at: while it is the same, so are they. */
export async function usageVersion(tx: Transaction): Promise<number> {
  const { rows } = await tx.query<{ version: number }>(
    'SELECT usage_version::float8 AS version FROM workspace WHERE id = $1',
    [tx.workspaceId],
  );
  return rows[0]?.version ?? 0;
}

/** Until the transaction ends, nobody changes the rules. */
export async function holdUsageRules(tx: Transaction): Promise<void> {
  await tx.query('SELECT FROM workspace WHERE id = $1 FOR SHARE', [tx.workspaceId]);
}

/** The rules change with this transaction: what was held against the ones before is to be looked at again. */
export async function usageChanges(tx: Transaction): Promise<void> {
  await tx.query('UPDATE workspace SET usage_version = usage_version + 1 WHERE id = $1', [tx.workspaceId]);
}

function policiesInForce(rows: readonly PolicyRow[]): UsagePolicy[] {
  const off = new Set(rows.filter(({ enabled }) => !enabled).map(({ name }) => name));
  const own = rows.flatMap(({ name, rule, enabled }) => (rule && enabled ? [{ ...rule, name }] : []));
  return [...STANDARD_POLICIES.filter(({ name }) => !off.has(name)), ...own];
}
