import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { Egress } from '@percorso/plugin-kit';
import type { Transaction } from '@percorso/storage';
import type { KeptPackage } from './plugin-files';

export interface PluginRow {
  id: string;
  state: 'active' | 'disabled';
  live_version: string | null;
  version: string;
  created_at: Date;
  updated_at: Date;
}

export interface PluginVersionRow extends KeptPackage {
  package: string;
  source: 'registry' | 'upload';
  /** `waiting`: for the approval of its egress; `ready`: examined, may be live; `refused`: see `problem`. */
  state: 'waiting' | 'ready' | 'refused';
  problem: string | null;
  approved_egress: Egress[] | null;
  approved_by: string | null;
  created_at: Date;
  updated_at: Date;
}

export interface ParkingRow {
  plugin_id: string;
  version: string;
  code: string;
  reason: string;
  crashes: number;
  at: Date;
}

const PLUGIN = 'id, state, live_version, version, created_at, updated_at';
const VERSION =
  'plugin_id, version, package, source, integrity, files_digest, manifest, main, state, problem, approved_egress, ' +
  'approved_by, created_at, updated_at';

/** Installed plugins of one workspace, their versions, and which of them are parked. */
@Injectable()
export class PluginStore {
  async find(
    tx: Transaction,
    id: string,
    lock: '' | 'FOR UPDATE' | 'FOR SHARE' = '',
  ): Promise<PluginRow | undefined> {
    const { rows } = await tx.query<PluginRow>(
      `SELECT ${PLUGIN} FROM plugin WHERE workspace_id = $1 AND id = $2 ${lock}`,
      [tx.workspaceId, id],
    );
    return rows[0];
  }

  /** @throws Problem 404 */
  async get(tx: Transaction, id: string, lock: '' | 'FOR UPDATE' = ''): Promise<PluginRow> {
    const row = await this.find(tx, id, lock);
    if (!row) throw Problem.notFound('Plugin');
    return row;
  }

  async list(tx: Transaction): Promise<PluginRow[]> {
    const { rows } = await tx.query<PluginRow>(
      `SELECT ${PLUGIN} FROM plugin WHERE workspace_id = $1 ORDER BY id`,
      [tx.workspaceId],
    );
    return rows;
  }

  /** Newest first. */
  async versions(tx: Transaction, id?: string): Promise<PluginVersionRow[]> {
    const { rows } = await tx.query<PluginVersionRow>(
      `SELECT ${VERSION} FROM plugin_version WHERE workspace_id = $1 AND ($2::text IS NULL OR plugin_id = $2)
        ORDER BY plugin_id, created_at DESC, version DESC`,
      [tx.workspaceId, id ?? null],
    );
    return rows;
  }

  /** @throws Problem 404 */
  async getVersion(tx: Transaction, id: string, version: string): Promise<PluginVersionRow> {
    const { rows } = await tx.query<PluginVersionRow>(
      `SELECT ${VERSION} FROM plugin_version WHERE workspace_id = $1 AND plugin_id = $2 AND version = $3`,
      [tx.workspaceId, id, version],
    );
    if (!rows[0]) throw Problem.notFound('Plugin version');
    return rows[0];
  }

  async tarball(tx: Transaction, id: string, version: string): Promise<Buffer> {
    const { rows } = await tx.query<{ tarball: Buffer }>(
      'SELECT tarball FROM plugin_version WHERE workspace_id = $1 AND plugin_id = $2 AND version = $3',
      [tx.workspaceId, id, version],
    );
    if (!rows[0]) throw Problem.notFound('Plugin version');
    return rows[0].tarball;
  }

  /** The plugin's row, made when it is the first version. */
  async begin(tx: Transaction, id: string, now: Date): Promise<PluginRow> {
    await tx.query(
      `INSERT INTO plugin (workspace_id, id, created_at, updated_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING`,
      [tx.workspaceId, id, now],
    );
    return this.get(tx, id, 'FOR UPDATE');
  }

  async insertVersion(tx: Transaction, row: PluginVersionRow, tarball: Buffer): Promise<void> {
    await tx.query(
      `INSERT INTO plugin_version (workspace_id, ${VERSION}, tarball)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
      [
        tx.workspaceId,
        row.plugin_id,
        row.version,
        row.package,
        row.source,
        row.integrity,
        row.files_digest,
        JSON.stringify(row.manifest),
        row.main,
        row.state,
        row.problem,
        row.approved_egress === null ? null : JSON.stringify(row.approved_egress),
        row.approved_by,
        row.created_at,
        row.updated_at,
        tarball,
      ],
    );
  }

  async saveVersion(
    tx: Transaction,
    row: Pick<
      PluginVersionRow,
      'plugin_id' | 'version' | 'state' | 'problem' | 'approved_egress' | 'approved_by'
    >,
    now: Date,
  ): Promise<void> {
    await tx.query(
      `UPDATE plugin_version SET state = $4, problem = $5, approved_egress = $6, approved_by = $7, updated_at = $8
        WHERE workspace_id = $1 AND plugin_id = $2 AND version = $3`,
      [
        tx.workspaceId,
        row.plugin_id,
        row.version,
        row.state,
        row.problem,
        row.approved_egress === null ? null : JSON.stringify(row.approved_egress),
        row.approved_by,
        now,
      ],
    );
  }

  async save(
    tx: Transaction,
    id: string,
    { state, live_version }: Pick<PluginRow, 'state' | 'live_version'>,
    now: Date,
  ): Promise<void> {
    await tx.query(
      `UPDATE plugin SET state = $3, live_version = $4, version = version + 1, updated_at = $5
        WHERE workspace_id = $1 AND id = $2`,
      [tx.workspaceId, id, state, live_version, now],
    );
  }

  async removeVersion(tx: Transaction, id: string, version: string): Promise<void> {
    await tx.query('DELETE FROM plugin_version WHERE workspace_id = $1 AND plugin_id = $2 AND version = $3', [
      tx.workspaceId,
      id,
      version,
    ]);
    await this.unpark(tx, id, version);
  }

  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.query('UPDATE plugin SET live_version = NULL WHERE workspace_id = $1 AND id = $2', [
      tx.workspaceId,
      id,
    ]);
    await tx.query('DELETE FROM plugin WHERE workspace_id = $1 AND id = $2', [tx.workspaceId, id]);
    await tx.query('DELETE FROM plugin_parking WHERE workspace_id = $1 AND plugin_id = $2', [
      tx.workspaceId,
      id,
    ]);
  }

  async parked(tx: Transaction): Promise<ParkingRow[]> {
    const { rows } = await tx.query<ParkingRow>(
      'SELECT plugin_id, version, code, reason, crashes, at FROM plugin_parking WHERE workspace_id = $1',
      [tx.workspaceId],
    );
    return rows;
  }

  /** The first reason stays. */
  async park(tx: Transaction, row: ParkingRow): Promise<boolean> {
    const { rowCount } = await tx.query(
      `INSERT INTO plugin_parking (workspace_id, plugin_id, version, code, reason, crashes, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
      [tx.workspaceId, row.plugin_id, row.version, row.code, row.reason, row.crashes, row.at],
    );
    return (rowCount ?? 0) > 0;
  }

  /** Whether it was parked. */
  async unpark(tx: Transaction, id: string, version: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      'DELETE FROM plugin_parking WHERE workspace_id = $1 AND plugin_id = $2 AND version = $3',
      [tx.workspaceId, id, version],
    );
    return (rowCount ?? 0) > 0;
  }
}
