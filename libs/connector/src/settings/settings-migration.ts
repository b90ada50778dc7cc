import { Injectable } from '@nestjs/common';
import { type FieldError, Problem } from '@percorso/kernel';
import type { PluginDescription, SettingsError } from '@percorso/plugin-kit';
import type { Transaction } from '@percorso/storage';
import { ConnectorStore, type ConnectorRow } from '../connector.store';
import { HostFailure } from '../host/host-failure';
import type { PluginHost } from '../host/plugin-host';
import { PluginHosts } from '../host/plugin-hosts';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { ConnectorSecrets } from '../secret/connector-secrets';

import { KeptSettingsStore, type KeptSettings } from './kept-settings.store';
import { splitSettings, withDefaults } from './split-settings';

/** A connector before and after; the same object where nothing changes. */
export interface Migrated {
  before: ConnectorRow;
  after: ConnectorRow;
}

/** Brings the connectors of a plugin to the settings of another version, or says why that cannot be. */
@Injectable()
export class SettingsMigration {
  constructor(
    private readonly hosts: PluginHosts,
    private readonly secrets: ConnectorSecrets,
    private readonly connectors: ConnectorStore,
    private readonly kept: KeptSettingsStore,
  ) {}

  /**
   * Nothing is written. Forward by the plugin's own steps, in its process; backward to what was kept.
   * @throws Problem 409 `settings-migration` naming each connector that stands in the way
   */
  async plan(
    workspaceId: string,
    plugin: InstalledPlugin,
    rows: ConnectorRow[],
    kept: KeptSettings[],
  ): Promise<Migrated[]> {
    if (rows.length === 0) return [];
    const host = this.hosts.once(plugin);
    try {
      const description = await host.describe();
      const errors: FieldError[] = [];
      const planned: Migrated[] = [];
      for (const before of rows) {
        const result = await this.one(workspaceId, host, description, before, kept);
        if ('errors' in result) errors.push(...result.errors.map((error) => ofConnector(before, error)));
        else planned.push({ before, after: result });
      }
      if (errors.length > 0) throw cannotMigrate(plugin, errors);
      return planned;
    } catch (error) {
      if (error instanceof HostFailure)
        throw cannotMigrate(plugin, [{ pointer: '', code: error.code, message: error.message }]);
      throw error;
    } finally {
      host.stop();
    }
  }

  /** @throws Problem 409 `plugin-changed` when a connector was edited since the plan was made */
  async apply(tx: Transaction, pluginId: string, planned: Migrated[], now: Date): Promise<void> {
    const current = await this.connectors.ofPlugin(tx, pluginId, 'FOR UPDATE');
    const versions = new Map(current.map(({ id, version }) => [id, version]));
    if (
      current.length !== planned.length ||
      planned.some(({ before }) => versions.get(before.id) !== before.version)
    )
      throw Problem.conflict(
        'plugin-changed',
        'Its connectors were changed meanwhile; send the request again.',
      );
    for (const { before, after } of planned) {
      if (before === after) continue;
      const { id, settings_version, settings, secrets } = before;
      const kept = { connector_id: id, settings_version, settings, secrets, kept_at: now, outdated: false };
      await this.kept.keep(tx, kept);
      await this.connectors.update(tx, after, now);
    }
  }

  /**
   * One connector with the settings of `host`'s plugin, or what is wrong with them. Nothing is written.
   * @throws HostFailure when the process gives no answer
   */
  one(
    workspaceId: string,
    host: PluginHost,
    description: PluginDescription,
    before: ConnectorRow,
    kept: KeptSettings[],
  ): Promise<ConnectorRow | { errors: SettingsError[] }> {
    return this.migrate(workspaceId, host, description, before, kept).catch(reasonOf);
  }

  private async migrate(
    workspaceId: string,
    host: PluginHost,
    description: PluginDescription,
    before: ConnectorRow,
    kept: KeptSettings[],
  ): Promise<ConnectorRow | { errors: SettingsError[] }> {
    const { settingsVersion } = host.plugin.manifest;
    if (before.settings_version > settingsVersion) {
      const own = kept.find(
        (one) => one.connector_id === before.id && one.settings_version === settingsVersion,
      );
      if (!own) return noWayBack(before.settings_version, settingsVersion);
      const { settings, secrets } = own;
      return { ...before, settings, secrets, settings_version: settingsVersion };
    }
    const stored = { ...before.settings, ...this.secrets.open(workspaceId, before.id, before.secrets) };
    if (before.settings_version === settingsVersion) {
      const errors = (await host.validate(stored)) as SettingsError[];
      return errors.length > 0 ? { errors } : before;
    }
    const migrated = await host.migrate(stored, before.settings_version);
    const { plain, secrets } = splitSettings(migrated, description);
    const settings = withDefaults(plain, description);
    const errors = (await host.validate({ ...settings, ...secrets })) as SettingsError[];
    if (errors.length > 0) return { errors };
    const sealed = this.secrets.seal(workspaceId, before.id, secrets);
    return { ...before, settings, secrets: sealed, settings_version: settingsVersion };
  }
}

function reasonOf(error: unknown): { errors: SettingsError[] } {
  // A process that died tells the same of every connector: once is enough.
  if (!(error instanceof HostFailure) || error.code !== 'plugin-error') throw error;
  return { errors: [{ pointer: '', code: 'migration-failed', message: error.message }] };
}

function noWayBack(from: number, to: number): { errors: SettingsError[] } {
  const message = `has settings of version ${from}, and none of version ${to} were kept`;
  return { errors: [{ pointer: '', code: 'no-way-back', message }] };
}

function ofConnector({ id, name }: ConnectorRow, { pointer, code, message }: SettingsError): FieldError {
  return { pointer: `/connectors/${id}/settings${pointer}`, code, message: `${name}: ${message}` };
}

function cannotMigrate({ manifest, version }: InstalledPlugin, errors: FieldError[]): Problem {
  const shown = errors.slice(0, 20);
  return new Problem({
    status: 409,
    code: 'settings-migration',
    title: 'The settings do not fit that version',
    detail: `${manifest.id} ${version} did not go live: ${shown.map(({ message }) => message).join('; ')}.`,
    errors: shown,
  });
}
