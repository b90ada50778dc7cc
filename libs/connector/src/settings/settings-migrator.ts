import { Inject, Injectable } from '@nestjs/common';
import { audit } from '@percorso/access';
import { CLOCK, type Clock, newId, Problem } from '@percorso/kernel';
import type { SettingsError } from '@percorso/plugin-kit';
import { Database, type Transaction } from '@percorso/storage';
import { ConnectorStore, type ConnectorRow } from '../connector.store';
import { HostFailure, type HostFailureCode } from '../host/host-failure';
import { PluginHosts, pluginUnavailable } from '../host/plugin-hosts';
import { Redactor } from '../host/plugin-log';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { ConnectorSecrets } from '../secret/connector-secrets';
import { ConnectorMigrationStore, type SettingsFailure } from './connector-migration.store';
import { KeptSettingsStore } from './kept-settings.store';
import { SettingsMigration } from './settings-migration';
import { settingsMigrating, settingsParked } from './settings-problems';

interface Taken {
  row: ConnectorRow;
  owner: string;
}

/** The plugin's process was not there; that says nothing of the settings. */
const NOT_THERE = new Set<HostFailureCode>(['plugin-not-started', 'plugin-stopped', 'plugin-resting']);
/** A process may be killed by the machine; twice is no accident. */
const LIVES = 2;
const TRIES = 3;

/** Brings the settings of one connector to the version of its plugin that came with this release of the hub. */
@Injectable()
export class SettingsMigrator {
  private readonly underWay = new Map<string, Promise<ConnectorRow>>();

  constructor(
    private readonly database: Database,
    private readonly connectors: ConnectorStore,
    private readonly kept: KeptSettingsStore,
    private readonly ways: ConnectorMigrationStore,
    private readonly migration: SettingsMigration,
    private readonly secrets: ConnectorSecrets,
    private readonly hosts: PluginHosts,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * By one process at a time; what was there before is kept, for releases before this one. Where it failed it is not tried
   * again, unless `again` asks for that.
   * @returns the connector as it is then, which is newer where a newer release was faster
   * @throws Problem 503 `settings-parked` with the reason; `settings-migrating` while another process is at it
   */
  migrate(
    workspaceId: string,
    plugin: InstalledPlugin,
    connectorId: string,
    again = false,
  ): Promise<ConnectorRow> {
    let way = this.underWay.get(connectorId);
    if (!way) {
      way = this.run(workspaceId, plugin, connectorId, again).finally(() =>
        this.underWay.delete(connectorId),
      );
      this.underWay.set(connectorId, way);
    }
    return way;
  }

  private async run(
    workspaceId: string,
    plugin: InstalledPlugin,
    id: string,
    again: boolean,
  ): Promise<ConnectorRow> {
    const version = plugin.manifest.settingsVersion;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const taken = await this.database.tx(workspaceId, (tx) => this.take(tx, id, version, again));
      if (!('owner' in taken)) return taken;
      const { owner, row } = taken;
      const result = await this.plan(workspaceId, plugin, row).catch(async (error: unknown) => {
        await this.database.tx(workspaceId, (tx) => this.ways.release(tx, id, version, owner));
        throw error;
      });
      const saved = await this.database.tx(workspaceId, (tx) => this.save(tx, plugin, taken, result));
      if (saved && 'reason' in result) throw settingsParked(version, result);
      if (saved) return saved;
    }
    throw settingsMigrating();
  }

  private async take(
    tx: Transaction,
    id: string,
    version: number,
    again: boolean,
  ): Promise<ConnectorRow | Taken> {
    const row = await this.connectors.get(tx, id, 'FOR UPDATE');
    if (row.settings_version >= version) return row;
    const parked = (await this.ways.parked(tx, [id])).find((one) => one.settings_version === version);
    if (parked && !again) throw settingsParked(version, parked);
    const owner = newId();
    if (!(await this.ways.take(tx, id, version, owner))) throw settingsMigrating();
    return { row, owner };
  }

  /** Nothing is written, and no lock is held, while the plugin's process works. */
  private async plan(
    workspaceId: string,
    plugin: InstalledPlugin,
    before: ConnectorRow,
  ): Promise<ConnectorRow | SettingsFailure> {
    for (let lives = 1; ; lives += 1) {
      const host = this.hosts.once(plugin);
      try {
        const result = await this.migration.one(workspaceId, host, await host.describe(), before, []);
        return 'errors' in result ? this.failure(workspaceId, before, result.errors) : result;
      } catch (error) {
        if (error instanceof Problem) return { code: error.code, reason: error.message };
        if (!(error instanceof HostFailure)) throw error;
        if (NOT_THERE.has(error.code)) throw pluginUnavailable(error);
        if (error.code === 'plugin-died' && lives < LIVES) continue;
        return { code: error.code, reason: error.message };
      } finally {
        host.stop();
      }
    }
  }

  /** In the plugin's own words, which may repeat what it was given. */
  private failure(workspaceId: string, row: ConnectorRow, errors: SettingsError[]): SettingsFailure {
    const redactor = new Redactor();
    redactor.hide(Object.values(this.secrets.open(workspaceId, row.id, row.secrets)));
    const texts = errors.map(({ pointer, message }) => (pointer === '' ? message : `${pointer}: ${message}`));
    return { code: errors[0]?.code ?? 'failed', reason: redactor.text(texts.join('; ')) };
  }

  /** undefined when it was not to be: the connector was changed, or another process took over. */
  private async save(
    tx: Transaction,
    { manifest: { id: pluginId, settingsVersion: version } }: InstalledPlugin,
    { row: before, owner }: Taken,
    result: ConnectorRow | SettingsFailure,
  ): Promise<ConnectorRow | undefined> {
    const { id } = before;
    const now = this.clock.now();
    const current = await this.connectors.get(tx, id, 'FOR UPDATE');
    if (!(await this.ways.holds(tx, id, version, owner))) return undefined;
    if (current.version !== before.version) {
      await this.ways.release(tx, id, version, owner);
      return undefined;
    }
    const detail = { plugin: pluginId, from: before.settings_version, to: version };
    if ('reason' in result) {
      const parked = { connector_id: id, settings_version: version, ...result, at: now };
      if (await this.ways.park(tx, parked))
        await audit(tx, 'system', 'connector.parked', id, { ...detail, ...result }, now);
      return current;
    }
    const { settings_version, settings, secrets } = before;
    const kept = { connector_id: id, settings_version, settings, secrets, kept_at: now, outdated: false };
    await this.kept.keep(tx, kept);
    const migrated = await this.connectors.update(tx, result, now);
    await this.ways.remove(tx, id, version);
    await audit(tx, 'system', 'connector.migrated', id, detail, now);
    return migrated;
  }
}
