import { Transaction } from '@percorso/storage';

export type SchemaKind = 'events' | 'traits';
export type SchemaPolicy = 'warn' | 'quarantine' | 'off';

export interface SchemaKey {
  kind: SchemaKind;
  name: string;
}

export interface SchemaRow extends SchemaKey {
  version: number;
  policy: SchemaPolicy;
  schema: object;
  createdAt: Date;
  /** Items that violated this version. */
  violations: number;
}

const SELECT = `SELECT s.kind, s.name, s.version, s.policy, s.schema, s.created_at AS "createdAt",
  (SELECT coalesce(sum(v.count), 0)::float8 FROM schema_violation v WHERE v.workspace_id = s.workspace_id
    AND v.kind = s.kind AND v.name = s.name AND v.version = s.version) AS violations FROM data_schema s`;

/** Versions of one schema, the newest first. */
export async function schemaVersions(
  tx: Transaction,
  { kind, name }: SchemaKey,
  before: number | undefined,
  limit: number,
): Promise<SchemaRow[]> {
  const { rows } = await tx.query<SchemaRow>(
    `${SELECT} WHERE s.workspace_id = $1 AND s.kind = $2 AND s.name = $3 AND ($4::int IS NULL OR s.version < $4)
     ORDER BY s.version DESC LIMIT $5`,
    [tx.workspaceId, kind, name, before ?? null, limit],
  );
  return rows;
}

/** The schemas in force, by kind and name. */
export async function listSchemas(
  tx: Transaction,
  after: SchemaKey | undefined,
  limit: number,
): Promise<SchemaRow[]> {
  const { rows } = await tx.query<SchemaRow>(
    `${SELECT} WHERE s.workspace_id = $1 AND ($2::text IS NULL OR (s.kind, s.name) > ($2, $3::text))
       AND s.version = (SELECT max(version) FROM data_schema n
         WHERE n.workspace_id = s.workspace_id AND n.kind = s.kind AND n.name = s.name)
     ORDER BY s.kind, s.name LIMIT $4`,
    [tx.workspaceId, after?.kind ?? null, after?.name ?? null, limit],
  );
  return rows;
}

export async function insertSchema(
  tx: Transaction,
  row: Omit<SchemaRow, 'violations' | 'createdAt'>,
  now: Date,
): Promise<void> {
  await tx.query(
    `INSERT INTO data_schema (workspace_id, kind, name, version, schema, policy, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [tx.workspaceId, row.kind, row.name, row.version, JSON.stringify(row.schema), row.policy, now],
  );
}

export interface SchemaInForce extends SchemaKey {
  version: number;
  policy: SchemaPolicy;
}

/** Which versions are in force of those asked for; the schemas themselves are read when they are not known yet. */
export async function schemasInForce(tx: Transaction, keys: readonly SchemaKey[]): Promise<SchemaInForce[]> {
  const { rows } = await tx.query<SchemaInForce>(
    `SELECT DISTINCT ON (s.kind, s.name) s.kind, s.name, s.version, s.policy
     FROM unnest($2::text[], $3::text[]) AS k (kind, name)
     JOIN data_schema s ON s.workspace_id = $1 AND s.kind = k.kind AND s.name = k.name
     ORDER BY s.kind, s.name, s.version DESC`,
    [tx.workspaceId, keys.map(({ kind }) => kind), keys.map(({ name }) => name)],
  );
  return rows.filter(({ policy }) => policy !== 'off');
}

export async function schemaBody(tx: Transaction, key: SchemaInForce): Promise<object> {
  const { rows } = await tx.query<{ schema: object }>(
    'SELECT schema FROM data_schema WHERE workspace_id = $1 AND kind = $2 AND name = $3 AND version = $4',
    [tx.workspaceId, key.kind, key.name, key.version],
  );
  return rows[0]?.schema ?? {};
}

export interface CountedViolation extends SchemaKey {
  version: number;
  rule: string;
  count: number;
  pos: number;
}

export async function countViolations(
  tx: Transaction,
  found: readonly CountedViolation[],
  now: Date,
): Promise<void> {
  if (found.length === 0) return;
  await tx.query(
    `INSERT INTO schema_violation AS v (workspace_id, kind, name, version, rule, count, last_pos, last_at)
     SELECT $1, f.*, $8 FROM unnest($2::text[], $3::text[], $4::int[], $5::text[], $6::bigint[], $7::bigint[]) AS f
     ORDER BY 2, 3, 4, 5
     ON CONFLICT (workspace_id, kind, name, version, rule) DO UPDATE
       SET count = v.count + excluded.count, last_pos = excluded.last_pos, last_at = excluded.last_at`,
    [
      tx.workspaceId,
      found.map((one) => one.kind),
      found.map((one) => one.name),
      found.map((one) => one.version),
      found.map((one) => one.rule),
      found.map((one) => one.count),
      found.map((one) => one.pos),
      now,
    ],
  );
}

export interface ViolationRow {
  version: number;
  rule: string;
  count: number;
  lastPos: number;
  lastAt: Date;
}

/** The latest first; how many rules there are is bounded by the schema. */
export async function violationsOf(tx: Transaction, { kind, name }: SchemaKey): Promise<ViolationRow[]> {
  const { rows } = await tx.query<ViolationRow>(
    `SELECT version, rule, count::float8 AS count, last_pos::float8 AS "lastPos", last_at AS "lastAt"
     FROM schema_violation WHERE workspace_id = $1 AND kind = $2 AND name = $3
     ORDER BY last_at DESC, version DESC, rule LIMIT 1000`,
    [tx.workspaceId, kind, name],
  );
  return rows;
}
