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
}

@Injectable()
export class KeptSettingsStore {
  async list(tx: Transaction): Promise<KeptSettings[]> {
    const { rows } = await tx.query<KeptSettings>(
      `SELECT connector_id, settings_version, settings, secrets, kept_at FROM connector_settings
        WHERE workspace_id = $1 ORDER BY connector_id, settings_version`,
      [tx.workspaceId],
    );
    return rows;
  }

  /** The newest of each version is kept. */
  async keep(tx: Transaction, row: KeptSettings): Promise<void> {
    await tx.query(
      `INSERT INTO connector_settings (workspace_id, connector_id, settings_version, settings, secrets, kept_at)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (workspace_id, connector_id, settings_version)
       DO UPDATE SET settings = excluded.settings, secrets = excluded.secrets, kept_at = excluded.kept_at`,
      [
        tx.workspaceId,
        row.connector_id,
        row.settings_version,
        JSON.stringify(row.settings),
        JSON.stringify(row.secrets),
        row.kept_at,
      ],
    );
  }
}
