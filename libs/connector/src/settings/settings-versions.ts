import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { PluginDescription, PluginManifest } from '@percorso/plugin-kit';
import { Database, type Transaction } from '@percorso/storage';
import type { ConnectorRow } from '../connector.store';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { ConnectorMigrationStore } from './connector-migration.store';
import { KeptSettingsStore, type KeptSettings } from './kept-settings.store';
import { SettingsMigrator } from './settings-migrator';
import { newerReason, parkedReason, settingsNewer } from './settings-problems';

/** Why nothing is sent by a connector until its settings fit this release. */
export interface ConnectorParking {
  reason: string;
  at: string;
}

export interface ShownConnector {
  row: ConnectorRow;
  parked: ConnectorParking | null;
}

/**
 * Connectors with their settings in the version that their plugin has in this release. Two releases work side by side: what
 * a newer one brought to its version, an older one reads as it was kept, as long as nobody changed it since.
 */
@Injectable()
export class SettingsVersions {
  constructor(
    private readonly database: Database,
    private readonly kept: KeptSettingsStore,
    private readonly ways: ConnectorMigrationStore,
    private readonly migrator: SettingsMigrator,
  ) {}

  /**
   * The connector as this release's plugin can be called with it; migrated where it is of an older one.
   * @param again whether to try once more what failed before
   * @throws Problem 503 `settings-parked`, `settings-migrating` or `settings-newer`
   */
  async of(
    workspaceId: string,
    plugin: InstalledPlugin,
    row: ConnectorRow,
    again = false,
  ): Promise<ConnectorRow> {
    const { settingsVersion: known } = plugin.manifest;
    // Connectors of installed plugins change with the version that is live.
    if (row.settings_version === known || plugin.digest !== undefined) return row;
    if (row.settings_version < known)
      return this.of(workspaceId, plugin, await this.migrator.migrate(workspaceId, plugin, row.id, again));
    const kept = await this.database.tx(workspaceId, (tx) => this.kept.find(tx, row.id, known));
    if (!kept || kept.outdated) throw settingsNewer(row.settings_version, known);
    return asKept(row, kept);
  }

  /**
   * What an admin's change starts from: the settings in this release's version, else what of them it knows. Of a newer
   * release's that were changed since, nothing: the change must bring all.
   */
  async toEdit(
    workspaceId: string,
    plugin: InstalledPlugin,
    row: ConnectorRow,
    description: PluginDescription,
  ): Promise<ConnectorRow> {
    try {
      return await this.of(workspaceId, plugin, row);
    } catch (error) {
      if (!(error instanceof Problem && ['settings-parked', 'settings-newer'].includes(error.code)))
        throw error;
      const { settingsVersion: known } = plugin.manifest;
      const newer = error.code === 'settings-newer';
      const properties = description.settingsSchema['properties'] as object;
      return {
        ...row,
        settings_version: known,
        settings: newer ? {} : only(row.settings, Object.keys(properties)),
        secrets: newer ? {} : only(row.secrets, description.secrets),
      };
    }
  }

  /** After an admin's change: what other releases kept is no longer what it is set to, and what failed may not again. */
  async edited(tx: Transaction, before: ConnectorRow, after: ConnectorRow, now: Date): Promise<void> {
    await this.kept.outdate(tx, before.id);
    await this.ways.remove(tx, before.id);
    if (before.settings_version === after.settings_version) return;
    const { id, settings_version, settings, secrets } = before;
    const kept = { connector_id: id, settings_version, settings, secrets, kept_at: now, outdated: true };
    await this.kept.keep(tx, kept);
  }

  /** Connectors as this release shows them. Nothing is migrated. */
  async shown(
    tx: Transaction,
    rows: readonly ConnectorRow[],
    manifests: ReadonlyMap<string, PluginManifest>,
  ): Promise<ShownConnector[]> {
    const knownOf = (row: ConnectorRow): number =>
      manifests.get(row.plugin_id)?.settingsVersion ?? row.settings_version;
    const others = rows.filter((row) => row.settings_version !== knownOf(row)).map(({ id }) => id);
    if (others.length === 0) return rows.map((row) => ({ row, parked: null }));
    const [parked, kept] = await Promise.all([
      this.ways.parked(tx, others),
      this.kept.ofConnectors(tx, others),
    ]);
    return rows.map((row) => {
      const known = knownOf(row);
      const isOwn = (one: { connector_id: string; settings_version: number }): boolean =>
        one.connector_id === row.id && one.settings_version === known;
      if (row.settings_version < known) {
        const failed = parked.find(isOwn);
        return { row, parked: failed ? parking(parkedReason(known, failed.reason), failed.at) : null };
      }
      if (row.settings_version === known) return { row, parked: null };
      const own = kept.find(isOwn);
      if (own && !own.outdated) return { row: asKept(row, own), parked: null };
      return { row, parked: parking(newerReason(row.settings_version, known), row.updated_at) };
    });
  }
}

const asKept = (row: ConnectorRow, { settings, secrets, settings_version }: KeptSettings): ConnectorRow => ({
  ...row,
  settings,
  secrets,
  settings_version,
});

const parking = (reason: string, at: Date): ConnectorParking => ({ reason, at: at.toISOString() });

function only<T>(values: Record<string, T>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}
