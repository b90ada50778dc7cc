import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

export interface ComputedTraitRow {
  key: string;
  id: string;
  description: string;
  state: 'active' | 'deleting';
  definition: object;
  definitionVersion: number;
  /** The definition version whose values were computed as a set; null: none yet. */
  backfilledVersion: number | null;
  asOfPos: number | null;
  computedAt: Date | null;
  drift: number | null;
  error: string | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

const SELECT = `SELECT t.key, t.id, t.description, t.state, d.definition, t.definition_version AS "definitionVersion",
    t.backfilled_version AS "backfilledVersion", t.as_of_pos::float8 AS "asOfPos", t.computed_at AS "computedAt",
    t.drift::float8 AS drift, t.error, t.version::float8 AS version, t.created_at AS "createdAt",
    t.updated_at AS "updatedAt"
  FROM computed_trait t JOIN computed_trait_definition d
    ON d.workspace_id = t.workspace_id AND d.key = t.key AND d.version = t.definition_version
  WHERE t.workspace_id = $1`;

/** The definitions of computed traits. */
@Injectable()
export class ComputedTraitStore {
  async insert(
    tx: Transaction,
    row: { key: string; id: string; description: string; definition: object; at: Date },
  ): Promise<void> {
    await tx.query(
      `INSERT INTO computed_trait (workspace_id, key, id, description, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $5)`,
      [tx.workspaceId, row.key, row.id, row.description, row.at],
    );
    await this.insertDefinition(tx, row.key, 1, row.definition, row.at);
  }

  async insertDefinition(
    tx: Transaction,
    key: string,
    version: number,
    definition: object,
    at: Date,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO computed_trait_definition (workspace_id, key, version, definition, created_at)
       VALUES ($1, $2, $3, $4, $5)`,
      [tx.workspaceId, key, version, JSON.stringify(definition), at],
    );
  }

  async find(tx: Transaction, key: string): Promise<ComputedTraitRow | undefined> {
    const { rows } = await tx.query<ComputedTraitRow>(`${SELECT} AND t.key = $2`, [tx.workspaceId, key]);
    return rows[0];
  }

  /** The same, locked until the transaction ends. */
  async lock(tx: Transaction, key: string): Promise<ComputedTraitRow | undefined> {
    const { rows } = await tx.query<ComputedTraitRow>(`${SELECT} AND t.key = $2 FOR NO KEY UPDATE OF t`, [
      tx.workspaceId,
      key,
    ]);
    return rows[0];
  }

  /** Active ones after `afterKey`, by key. */
  async list(
    tx: Transaction,
    afterKey: string | undefined,
    limit: number | null,
  ): Promise<ComputedTraitRow[]> {
    const { rows } = await tx.query<ComputedTraitRow>(
      `${SELECT} AND t.state = 'active' AND ($2::text IS NULL OR t.key > $2) ORDER BY t.key LIMIT $3`,
      [tx.workspaceId, afterKey ?? null, limit],
    );
    return rows;
  }

  async update(
    tx: Transaction,
    key: string,
    row: Pick<ComputedTraitRow, 'description' | 'definitionVersion' | 'state'>,
    at: Date,
  ): Promise<void> {
    await tx.query(
      `UPDATE computed_trait SET description = $3, definition_version = $4, state = $5, updated_at = $6,
         version = version + 1 WHERE workspace_id = $1 AND key = $2`,
      [tx.workspaceId, key, row.description, row.definitionVersion, row.state, at],
    );
  }

  /** Keys whose values are being taken away. */
  async deleting(tx: Transaction): Promise<string[]> {
    const { rows } = await tx.query<{ key: string }>(
      `SELECT key FROM computed_trait WHERE workspace_id = $1 AND state = 'deleting' ORDER BY key`,
      [tx.workspaceId],
    );
    return rows.map((row) => row.key);
  }

  async delete(tx: Transaction, key: string): Promise<void> {
    await tx.query(`DELETE FROM computed_trait WHERE workspace_id = $1 AND key = $2 AND state = 'deleting'`, [
      tx.workspaceId,
      key,
    ]);
  }
}
