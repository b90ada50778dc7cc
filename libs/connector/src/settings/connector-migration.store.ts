import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

/** Why settings could not be had in a version; in words for the admin, and without secrets. */
export interface SettingsFailure {
  code: string;
  reason: string;
}

export interface ParkedRow extends SettingsFailure {
  connector_id: string;
  settings_version: number;
  at: Date;
}

/** Longer than any plugin may take for its start and one connector's settings. */
const TAKEN_SECONDS = 60;

/** Ways of connectors to a version of their settings: who is on one, and where one ended. */
@Injectable()
export class ConnectorMigrationStore {
  /** Whether it is now `owner`'s alone; not while another process is at it, or was a moment ago. */
  async take(tx: Transaction, connectorId: string, version: number, owner: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      `INSERT INTO connector_migration AS m (workspace_id, connector_id, settings_version, owner, taken_until)
       VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))
       ON CONFLICT (workspace_id, connector_id, settings_version)
       DO UPDATE SET owner = excluded.owner, taken_until = excluded.taken_until
        WHERE coalesce(m.taken_until, '-infinity') < clock_timestamp()`,
      [tx.workspaceId, connectorId, version, owner, TAKEN_SECONDS],
    );
    return (rowCount ?? 0) > 0;
  }

  /** Whether nobody took it since; held until the transaction ends. */
  async holds(tx: Transaction, connectorId: string, version: number, owner: string): Promise<boolean> {
    const { rows } = await tx.query<{ owner: string }>(
      `SELECT owner FROM connector_migration
        WHERE workspace_id = $1 AND connector_id = $2 AND settings_version = $3 FOR UPDATE`,
      [tx.workspaceId, connectorId, version],
    );
    return rows[0]?.owner === owner;
  }

  /** @returns whether that is news */
  async park(tx: Transaction, { connector_id, settings_version, code, reason, at }: ParkedRow) {
    const { rows } = await tx.query<{ news: boolean }>(
      `UPDATE connector_migration m SET taken_until = NULL, code = $4, reason = $5, at = $6
         FROM (SELECT code, reason FROM connector_migration
                WHERE workspace_id = $1 AND connector_id = $2 AND settings_version = $3) AS before
        WHERE workspace_id = $1 AND connector_id = $2 AND settings_version = $3
       RETURNING (before.code, before.reason) IS DISTINCT FROM (m.code, m.reason) AS news`,
      [tx.workspaceId, connector_id, settings_version, code, reason, at],
    );
    return rows[0]?.news === true;
  }

  /** Lets others have it at once. */
  async release(tx: Transaction, connectorId: string, version: number, owner: string): Promise<void> {
    await tx.query(
      `UPDATE connector_migration SET taken_until = NULL
        WHERE workspace_id = $1 AND connector_id = $2 AND settings_version = $3 AND owner = $4`,
      [tx.workspaceId, connectorId, version, owner],
    );
  }

  /** The way to `version`, or all of them. */
  async remove(tx: Transaction, connectorId: string, version?: number): Promise<void> {
    await tx.query(
      `DELETE FROM connector_migration
        WHERE workspace_id = $1 AND connector_id = $2 AND ($3::int IS NULL OR settings_version = $3)`,
      [tx.workspaceId, connectorId, version ?? null],
    );
  }

  /** Those that failed, of these connectors. */
  async parked(tx: Transaction, connectorIds: readonly string[]): Promise<ParkedRow[]> {
    const { rows } = await tx.query<ParkedRow>(
      `SELECT connector_id, settings_version, code, reason, at FROM connector_migration
        WHERE workspace_id = $1 AND connector_id = ANY($2) AND code IS NOT NULL`,
      [tx.workspaceId, connectorIds],
    );
    return rows;
  }
}
