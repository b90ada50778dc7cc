import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { Sealed } from '../secret/secret-box';

/** A connector's settings as they were before a migration. */
export interface KeptSettings {
  connector_id: string;
  settings_version: number;
  settings: Record<string, unknown>;
  secrets: Record<string, Sealed>;
  kept_at: Date;
  /** The connector was set otherwise since, so that nothing may go on with these unasked. */
  outdated: boolean;
}

const COLUMNS = 'connector_id, settings_version, settings, secrets, kept_at, outdated';

@Injectable()
export class KeptSettingsStore {
  async list(tx: Transaction): Promise<KeptSettings[]> {
    const { rows } = await tx.query<KeptSettings>(
      `SELECT ${COLUMNS} FROM connector_settings
        WHERE workspace_id = $1 ORDER BY connector_id, settings_version`,
      [tx.workspaceId],
    );
    return rows;
  }

  async find(tx: Transaction, connectorId: string, version: number): Promise<KeptSettings | undefined> {
    const { rows } = await tx.query<KeptSettings>(
      `SELECT ${COLUMNS} FROM connector_settings
        WHERE workspace_id = $1 AND connector_id = $2 AND settings_version = $3`,
      [tx.workspaceId, connectorId, version],
    );
    return rows[0];
  }

  async ofConnectors(tx: Transaction, connectorIds: readonly string[]): Promise<KeptSettings[]> {
    const { rows } = await tx.query<KeptSettings>(
      `SELECT ${COLUMNS} FROM connector_settings WHERE workspace_id = $1 AND connector_id = ANY($2)`,
      [tx.workspaceId, connectorIds],
    );
    return rows;
  }

  /** The connector was set otherwise. */
  async outdate(tx: Transaction, connectorId: string): Promise<void> {
    await tx.query(
      'UPDATE connector_settings SET outdated = true WHERE workspace_id = $1 AND connector_id = $2',
      [tx.workspaceId, connectorId],
    );
  }

  /** The newest of each version is kept. */
  async keep(tx: Transaction, row: KeptSettings): Promise<void> {
    await tx.query(
      `INSERT INTO connector_settings (workspace_id, ${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (workspace_id, connector_id, settings_version)
       DO UPDATE SET settings = excluded.settings, secrets = excluded.secrets, kept_at = excluded.kept_at,
                     outdated = excluded.outdated`,
      [
        tx.workspaceId,
        row.connector_id,
        row.settings_version,
        JSON.stringify(row.settings),
        JSON.stringify(row.secrets),
        row.kept_at,
        row.outdated,
      ],
    );
  }
}
