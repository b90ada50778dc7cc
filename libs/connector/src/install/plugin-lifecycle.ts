import { Inject, Injectable } from '@nestjs/common';
import { audit } from '@percorso/access';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { ConnectorStore } from '../connector.store';
import { PluginHosts } from '../host/plugin-hosts';
import { PluginCatalog } from '../plugin/plugin-catalog';
import { KeptSettingsStore } from '../settings/kept-settings.store';
import { SettingsMigration } from '../settings/settings-migration';
import { PluginFiles } from './plugin-files';
import { PluginStore, type PluginVersionRow } from './plugin.store';

/** Which version of an installed plugin is live, while syncs run: calls in hand end with the version they began with. */
@Injectable()
export class PluginLifecycle {
  constructor(
    private readonly database: Database,
    private readonly store: PluginStore,
    private readonly connectors: ConnectorStore,
    private readonly kept: KeptSettingsStore,
    private readonly catalog: PluginCatalog,
    private readonly files: PluginFiles,
    private readonly hosts: PluginHosts,
    private readonly migration: SettingsMigration,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Upgrade and way back alike: settings follow, then new calls go to `version`.
   * @throws Problem 404; 409 when the version is not ready, its settings cannot be had, or something changed meanwhile
   */
  async activate(workspaceId: string, actor: string, id: string, version: string): Promise<void> {
    const { plugin, target, rows, kept } = await this.database.tx(workspaceId, async (tx) => ({
      plugin: await this.store.get(tx, id),
      target: await this.store.getVersion(tx, id, version),
      rows: await this.connectors.ofPlugin(tx, id),
      kept: await this.kept.list(tx),
    }));
    if (plugin.live_version === version) return;
    if (target.state !== 'ready') throw notReady(target);
    const next = await this.catalog.unpacked(workspaceId, target);
    try {
      const planned = await this.migration.plan(workspaceId, next, rows, kept);
      await this.database.tx(workspaceId, async (tx) => {
        const now = this.clock.now();
        const current = await this.store.get(tx, id, 'FOR UPDATE');
        if (current.version !== plugin.version)
          throw Problem.conflict(
            'plugin-changed',
            'The plugin was changed meanwhile; send the request again.',
          );
        await this.migration.apply(tx, id, planned, now);
        await this.store.save(tx, id, { ...current, live_version: version }, now);
        await this.store.saveVersion(tx, { ...target, problem: null }, now);
        await this.connectors.wake(tx, id);
        const migrated = planned.filter(({ before, after }) => before !== after).length;
        const detail = { from: current.live_version, to: version, migrated };
        await audit(tx, actor, 'plugin.activated', id, detail, now);
      });
    } catch (error) {
      if (error instanceof Problem && error.code === 'settings-migration')
        await this.noteProblem(workspaceId, actor, target, error.message);
      throw error;
    }
    this.hosts.retire(workspaceId, id, next);
  }

  /** Disabled, every call is refused and effects wait; the connectors stay. @throws Problem 404 */
  async setState(
    workspaceId: string,
    actor: string,
    id: string,
    state: 'active' | 'disabled',
  ): Promise<void> {
    await this.database.tx(workspaceId, async (tx) => {
      const now = this.clock.now();
      const row = await this.store.get(tx, id, 'FOR UPDATE');
      if (row.state === state) return;
      await this.store.save(tx, id, { ...row, state }, now);
      if (state === 'active') await this.connectors.wake(tx, id);
      await audit(tx, actor, state === 'active' ? 'plugin.enabled' : 'plugin.disabled', id, {}, now);
    });
    if (state === 'disabled') this.hosts.retire(workspaceId, id);
  }

  /** @throws Problem 404; 409 `in-use` while connectors are made with it */
  async remove(workspaceId: string, actor: string, id: string): Promise<void> {
    const versions = await this.database.tx(workspaceId, async (tx) => {
      await this.store.get(tx, id, 'FOR UPDATE');
      const users = await this.connectors.ofPlugin(tx, id);
      if (users.length > 0) {
        const names = users.slice(0, 5).map(({ name }) => `"${name}"`);
        const more = users.length > names.length ? ` and ${users.length - names.length} more` : '';
        throw Problem.conflict(
          'in-use',
          `The connectors ${names.join(', ')}${more} use this plugin; delete them first, or disable the plugin.`,
        );
      }
      const versions = await this.store.versions(tx, id);
      await this.store.remove(tx, id);
      const detail = { versions: versions.map(({ version }) => version) };
      await audit(tx, actor, 'plugin.removed', id, detail, this.clock.now());
      return versions;
    });
    this.hosts.retire(workspaceId, id);
    await this.forgetFiles(versions);
  }

  /** @throws Problem 404; 409 `plugin-live` for the live version */
  async removeVersion(workspaceId: string, actor: string, id: string, version: string): Promise<void> {
    const row = await this.database.tx(workspaceId, async (tx) => {
      const plugin = await this.store.get(tx, id, 'FOR UPDATE');
      const row = await this.store.getVersion(tx, id, version);
      if (plugin.live_version === version)
        throw Problem.conflict('plugin-live', 'This version is live; activate another one first.');
      await this.store.removeVersion(tx, id, version);
      // A plugin is its versions: without any there is nothing to show.
      if ((await this.store.versions(tx, id)).length === 0) await this.store.remove(tx, id);
      await audit(tx, actor, 'plugin.version-removed', id, { version }, this.clock.now());
      return row;
    });
    await this.forgetFiles([row]);
  }

  /** Lets a parked plugin start again. @throws Problem 404 when nothing of it is parked */
  async unpark(workspaceId: string, actor: string, id: string): Promise<void> {
    await this.database.tx(workspaceId, async (tx) => {
      const parked = (await this.store.parked(tx)).filter((row) => row.plugin_id === id);
      if (parked.length === 0) throw Problem.notFound('Parked plugin');
      for (const { version } of parked) await this.store.unpark(tx, id, version);
      await this.connectors.wake(tx, id);
      const detail = { versions: parked.map(({ version }) => version) };
      await audit(tx, actor, 'plugin.unparked', id, detail, this.clock.now());
    });
    this.hosts.forgive(workspaceId, id);
  }

  private async noteProblem(
    workspaceId: string,
    actor: string,
    row: PluginVersionRow,
    problem: string,
  ): Promise<void> {
    await this.database.tx(workspaceId, async (tx) => {
      const now = this.clock.now();
      await this.store.saveVersion(tx, { ...row, problem }, now);
      await audit(
        tx,
        actor,
        'plugin.activation-failed',
        row.plugin_id,
        { version: row.version, problem },
        now,
      );
    });
  }

  /** Of this machine, unless another workspace runs the same; whoever misses them unpacks them again. */
  private async forgetFiles(versions: PluginVersionRow[]): Promise<void> {
    for (const version of versions)
      if (!this.hosts.holds(version.integrity)) await this.files.forget(version);
  }
}

function notReady({ state, problem, version }: PluginVersionRow): Problem {
  return state === 'waiting'
    ? Problem.conflict('plugin-not-approved', `Version ${version} waits for the approval of its egress.`)
    : Problem.conflict('plugin-refused', `Version ${version} was refused: ${problem ?? ''}`);
}
