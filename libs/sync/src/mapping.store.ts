import type { Transaction } from '@percorso/storage';
import type { MappingExample } from './mapping.dto';

/** What a version of a mapping consists of. */
export interface MappingContent {
  expression: string;
  required: string[];
  examples: MappingExample[];
}

export interface MappingRow {
  id: string;
  name: string;
  expression: string;
  required: string[];
  examples: MappingExample[];
  current: number;
  version: number;
}

const SELECT = `SELECT m.id, m.name, v.expression, v.required, v.examples, m.current, m.version::int AS version
  FROM mapping m JOIN mapping_version v
    ON v.workspace_id = m.workspace_id AND v.mapping_id = m.id AND v.version = m.current`;

export async function findMapping(tx: Transaction, id: string): Promise<MappingRow | undefined> {
  const { rows } = await tx.query<MappingRow>(`${SELECT} WHERE m.workspace_id = $1 AND m.id = $2`, [
    tx.workspaceId,
    id,
  ]);
  return rows[0];
}

export async function listMappings(tx: Transaction, afterId: string, limit: number): Promise<MappingRow[]> {
  const { rows } = await tx.query<MappingRow>(
    `${SELECT} WHERE m.workspace_id = $1 AND m.id > $2::uuid ORDER BY m.id LIMIT $3`,
    [tx.workspaceId, afterId, limit],
  );
  return rows;
}

export async function insertMapping(
  tx: Transaction,
  mapping: MappingContent & { id: string; name: string },
  now: Date,
): Promise<void> {
  await tx.query(
    'INSERT INTO mapping (workspace_id, id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)',
    [tx.workspaceId, mapping.id, mapping.name, now],
  );
  await insertMappingVersion(tx, mapping, 1, now);
}

/** Adds a version; the row of the mapping must be locked by the caller's transaction. */
export async function insertMappingVersion(
  tx: Transaction,
  mapping: MappingContent & { id: string },
  version: number,
  now: Date,
): Promise<void> {
  await tx.query(
    `INSERT INTO mapping_version (workspace_id, mapping_id, version, expression, required, examples, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      tx.workspaceId,
      mapping.id,
      version,
      mapping.expression,
      mapping.required,
      JSON.stringify(mapping.examples),
      now,
    ],
  );
}

/** What a run maps with: one version of an expression, fixed when the run began. */
export interface MappingVersion {
  version: number;
  expression: string;
  required: string[];
}

export async function findMappingVersion(
  tx: Transaction,
  mappingId: string,
  version: number,
): Promise<MappingVersion | undefined> {
  const { rows } = await tx.query<MappingVersion>(
    `SELECT version, expression, required FROM mapping_version WHERE workspace_id = $1 AND mapping_id = $2 AND version = $3`,
    [tx.workspaceId, mappingId, version],
  );
  return rows[0];
}

export async function findCurrentVersion(
  tx: Transaction,
  mappingId: string,
): Promise<MappingVersion | undefined> {
  const { rows } = await tx.query<MappingVersion>(
    `SELECT v.version, v.expression, v.required FROM mapping m JOIN mapping_version v
       ON v.workspace_id = m.workspace_id AND v.mapping_id = m.id AND v.version = m.current
     WHERE m.workspace_id = $1 AND m.id = $2`,
    [tx.workspaceId, mappingId],
  );
  return rows[0];
}

/** A version as it was saved. */
export interface SavedVersion extends MappingContent {
  version: number;
  createdAt: Date;
}

const SAVED = `SELECT version, expression, required, examples, created_at AS "createdAt" FROM mapping_version
  WHERE workspace_id = $1 AND mapping_id = $2`;

/** Versions before `before`, the newest first. */
export async function listVersions(
  tx: Transaction,
  mappingId: string,
  before: number,
  limit: number,
): Promise<SavedVersion[]> {
  const { rows } = await tx.query<SavedVersion>(`${SAVED} AND version < $3 ORDER BY version DESC LIMIT $4`, [
    tx.workspaceId,
    mappingId,
    before,
    limit,
  ]);
  return rows;
}

export async function findSavedVersion(
  tx: Transaction,
  mappingId: string,
  version: number,
): Promise<SavedVersion | undefined> {
  const { rows } = await tx.query<SavedVersion>(`${SAVED} AND version = $3`, [
    tx.workspaceId,
    mappingId,
    version,
  ]);
  return rows[0];
}
