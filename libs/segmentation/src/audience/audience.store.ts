import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

export interface AudienceRow {
  id: string;
  name: string;
  description: string;
  definition: object;
  definitionVersion: number;
  state: 'active' | 'archived';
  members: number;
  asOfPos: number | null;
  evaluatedAt: Date | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

const SELECT = `SELECT a.id, a.name, a.description, d.definition, a.definition_version AS "definitionVersion", a.state,
    a.members::float8 AS members, a.as_of_pos::float8 AS "asOfPos", a.evaluated_at AS "evaluatedAt",
    a.version::float8 AS version, a.created_at AS "createdAt", a.updated_at AS "updatedAt"
  FROM audience a JOIN audience_definition d
    ON d.workspace_id = a.workspace_id AND d.audience_id = a.id AND d.version = a.definition_version
  WHERE a.workspace_id = $1`;

@Injectable()
export class AudienceStore {
  async insert(
    tx: Transaction,
    row: { id: string; name: string; description: string; definition: object; at: Date },
  ): Promise<void> {
    await tx.query(
      `INSERT INTO audience (workspace_id, id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)`,
      [tx.workspaceId, row.id, row.name, row.description, row.at],
    );
    await this.insertDefinition(tx, row.id, 1, row.definition, row.at);
  }

  async insertDefinition(
    tx: Transaction,
    id: string,
    version: number,
    definition: object,
    at: Date,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO audience_definition (workspace_id, audience_id, version, definition, created_at) VALUES ($1, $2, $3, $4, $5)`,
      [tx.workspaceId, id, version, JSON.stringify(definition), at],
    );
  }

  async find(tx: Transaction, id: string): Promise<AudienceRow | undefined> {
    const { rows } = await tx.query<AudienceRow>(`${SELECT} AND a.id = $2`, [tx.workspaceId, id]);
    return rows[0];
  }

  /** The same, locked until the transaction ends. */
  async lock(tx: Transaction, id: string): Promise<AudienceRow | undefined> {
    const { rows } = await tx.query<AudienceRow>(`${SELECT} AND a.id = $2 FOR NO KEY UPDATE OF a`, [
      tx.workspaceId,
      id,
    ]);
    return rows[0];
  }

  /** Active audiences after `afterId`, the oldest first. */
  async list(tx: Transaction, afterId: string | undefined, limit: number): Promise<AudienceRow[]> {
    const { rows } = await tx.query<AudienceRow>(
      `${SELECT} AND a.state = 'active' AND ($2::uuid IS NULL OR a.id > $2::uuid) ORDER BY a.id LIMIT $3`,
      [tx.workspaceId, afterId ?? null, limit],
    );
    return rows;
  }

  async update(
    tx: Transaction,
    id: string,
    row: Pick<AudienceRow, 'name' | 'description' | 'definitionVersion' | 'state'>,
    at: Date,
  ): Promise<void> {
    await tx.query(
      `UPDATE audience SET name = $3, description = $4, definition_version = $5, state = $6, updated_at = $7,
         version = version + 1 WHERE workspace_id = $1 AND id = $2`,
      [tx.workspaceId, id, row.name, row.description, row.definitionVersion, row.state, at],
    );
  }

  async definition(tx: Transaction, id: string, version: number): Promise<object | undefined> {
    const { rows } = await tx.query<{ definition: object }>(
      'SELECT definition FROM audience_definition WHERE workspace_id = $1 AND audience_id = $2 AND version = $3',
      [tx.workspaceId, id, version],
    );
    return rows[0]?.definition;
  }

  /** The current definitions of those of `ids` that exist. */
  async definitions(
    tx: Transaction,
    ids: readonly string[],
  ): Promise<Pick<AudienceRow, 'id' | 'name' | 'state' | 'definition'>[]> {
    const { rows } = await tx.query<AudienceRow>(`${SELECT} AND a.id = ANY($2::uuid[])`, [
      tx.workspaceId,
      ids,
    ]);
    return rows;
  }

  /** Active audiences whose current definition names one of `ids`, oldest first. */
  async directUsers(
    tx: Transaction,
    ids: readonly string[],
  ): Promise<Pick<AudienceRow, 'id' | 'name' | 'definition'>[]> {
    const { rows } = await tx.query<AudienceRow>(
      `${SELECT} AND a.state = 'active' AND jsonb_path_exists(d.definition, '$.**.audience.id ? (@ == $ids[*])',
         jsonb_build_object('ids', to_jsonb($2::text[]))) ORDER BY a.id`,
      [tx.workspaceId, ids],
    );
    return rows;
  }

  /** What these mean has changed with an audience they use: their members are to be computed as after an edit. */
  async unsettle(tx: Transaction, ids: readonly string[]): Promise<void> {
    await tx.query(
      `UPDATE audience SET backfilled_version = 0
       WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND backfilled_version IS NOT NULL`,
      [tx.workspaceId, ids],
    );
  }

  /** The workspace's time zone: whose today it is where nothing says otherwise. */
  async zone(tx: Transaction): Promise<string | undefined> {
    const { rows } = await tx.query<{ zone: string | null }>(
      `SELECT settings ->> 'timezone' AS zone FROM workspace WHERE id = $1`,
      [tx.workspaceId],
    );
    return rows[0]?.zone ?? undefined;
  }

  /** Public ids of persons that are profiles still, by person. */
  async profileIds(tx: Transaction, persons: readonly number[]): Promise<string[]> {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT id FROM profile WHERE workspace_id = $1 AND person = ANY($2::int[]) AND state = 'active' ORDER BY person`,
      [tx.workspaceId, persons],
    );
    return rows.map((row) => row.id);
  }
}
