import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import type { Sealed } from './secret/secret-box';

export interface CheckResult {
  ok: boolean;
  code?: string;
  message?: string;
  pointer?: string;
  at: string;
}

/** A connector as stored: settings without secrets, secrets sealed. */
export interface ConnectorRow {
  id: string;
  plugin_id: string;
  name: string;
  settings: Record<string, unknown>;
  secrets: Record<string, Sealed>;
  /** The shape of its settings, as its plugin counts. */
  settings_version: number;
  state: 'active' | 'disabled';
  /** What is done with data there; null: what the plugin's kind is for. */
  usage: string[] | null;
  check_result: CheckResult | null;
  version: string;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS =
  'id, plugin_id, name, settings, secrets, settings_version, state, usage, check_result, version, created_at, updated_at';

@Injectable()
export class ConnectorStore {
  /** @throws Problem 404 */
  async get(tx: Transaction, id: string, lock: '' | 'FOR UPDATE' = ''): Promise<ConnectorRow> {
    const { rows } = await tx.query<ConnectorRow>(
      `SELECT ${COLUMNS} FROM connector WHERE workspace_id = $1 AND id = $2 ${lock}`,
      [tx.workspaceId, id],
    );
    if (!rows[0]) throw Problem.notFound('Connector');
    return rows[0];
  }

  async list(tx: Transaction, after: string, limit: number): Promise<ConnectorRow[]> {
    const { rows } = await tx.query<ConnectorRow>(
      `SELECT ${COLUMNS} FROM connector WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
      [tx.workspaceId, after, limit],
    );
    return rows;
  }

  async ofPlugin(tx: Transaction, pluginId: string, lock: '' | 'FOR UPDATE' = ''): Promise<ConnectorRow[]> {
    const { rows } = await tx.query<ConnectorRow>(
      `SELECT ${COLUMNS} FROM connector WHERE workspace_id = $1 AND plugin_id = $2 ORDER BY id ${lock}`,
      [tx.workspaceId, pluginId],
    );
    return rows;
  }

  /** Those whose settings are of an older version than their plugin's. */
  async behind(
    tx: Transaction,
    plugins: readonly { id: string; settingsVersion: number }[],
  ): Promise<Pick<ConnectorRow, 'id' | 'plugin_id'>[]> {
    const { rows } = await tx.query<Pick<ConnectorRow, 'id' | 'plugin_id'>>(
      `SELECT c.id, c.plugin_id FROM connector c
         JOIN unnest($2::text[], $3::int[]) AS p (id, version) ON c.plugin_id = p.id AND c.settings_version < p.version
        WHERE c.workspace_id = $1 ORDER BY c.id`,
      [tx.workspaceId, plugins.map(({ id }) => id), plugins.map(({ settingsVersion }) => settingsVersion)],
    );
    return rows;
  }

  async insert(tx: Transaction, row: ConnectorRow): Promise<void> {
    await tx.query(
      `INSERT INTO connector (workspace_id, id, plugin_id, name, settings, secrets, settings_version, state, usage, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`,
      [
        tx.workspaceId,
        row.id,
        row.plugin_id,
        row.name,
        JSON.stringify(row.settings),
        JSON.stringify(row.secrets),
        row.settings_version,
        row.state,
        row.usage,
        row.created_at,
      ],
    );
  }

  /** A change wakes the lane: whatever made it rest may be mended. */
  async update(tx: Transaction, row: ConnectorRow, now: Date): Promise<ConnectorRow> {
    const { rows } = await tx.query<ConnectorRow>(
      `UPDATE connector SET name = $3, settings = $4, secrets = $5, state = $6, usage = $7, settings_version = $8,
              version = version + 1, updated_at = $9, check_result = NULL, resume_at = NULL, failures = 0
        WHERE workspace_id = $1 AND id = $2 RETURNING ${COLUMNS}`,
      [
        tx.workspaceId,
        row.id,
        row.name,
        JSON.stringify(row.settings),
        JSON.stringify(row.secrets),
        row.state,
        row.usage,
        row.settings_version,
        now,
      ],
    );
    await tx.query(
      `UPDATE delivery_flow SET breaker = 'closed', failures = 0, reason = NULL, rest_until = NULL, probe_at = NULL
       WHERE workspace_id = $1 AND place = 'connector:' || $2`,
      [tx.workspaceId, row.id],
    );
    return rows[0] as ConnectorRow;
  }

  /** Lets the connectors of a plugin go on at once: whatever made their lanes rest may be mended. */
  async wake(tx: Transaction, pluginId: string): Promise<void> {
    await tx.query(
      `WITH woken AS (
         UPDATE connector SET resume_at = NULL, failures = 0 WHERE workspace_id = $1 AND plugin_id = $2 RETURNING id)
       UPDATE delivery_flow SET breaker = 'closed', failures = 0, reason = NULL, rest_until = NULL, probe_at = NULL
        WHERE workspace_id = $1 AND place IN (SELECT 'connector:' || id FROM woken)`,
      [tx.workspaceId, pluginId],
    );
  }

  async saveSecrets(tx: Transaction, id: string, secrets: Record<string, Sealed>): Promise<void> {
    await tx.query('UPDATE connector SET secrets = $3 WHERE workspace_id = $1 AND id = $2', [
      tx.workspaceId,
      id,
      JSON.stringify(secrets),
    ]);
  }

  /** The result of a check of exactly that version; an edited connector keeps none. */
  async saveCheck(tx: Transaction, id: string, version: string, result: CheckResult): Promise<void> {
    await tx.query(
      'UPDATE connector SET check_result = $4 WHERE workspace_id = $1 AND id = $2 AND version = $3',
      [tx.workspaceId, id, version, JSON.stringify(result)],
    );
  }

  /** @throws Problem 409 while something refers to it. */
  async remove(tx: Transaction, id: string): Promise<void> {
    try {
      await tx.query('DELETE FROM connector WHERE workspace_id = $1 AND id = $2', [tx.workspaceId, id]);
      await tx.query(`DELETE FROM delivery_flow WHERE workspace_id = $1 AND place = 'connector:' || $2`, [
        tx.workspaceId,
        id,
      ]);
    } catch (error) {
      if ((error as { code?: string }).code !== '23503') throw error;
      throw Problem.conflict('in-use', 'A sync or its history uses this connector; disable it instead.');
    }
  }

  async allowsPrivateNetwork(tx: Transaction): Promise<boolean> {
    const { rows } = await tx.query<{ allowed: boolean | null }>(
      `SELECT (settings ->> 'allowPrivateNetwork')::boolean AS allowed FROM workspace WHERE id = $1`,
      [tx.workspaceId],
    );
    return rows[0]?.allowed === true;
  }
}
