import { BeforeApplicationShutdown, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { ConnectorStore } from '../connector.store';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { PluginRegistry } from '../plugin/plugin-registry';
import { SettingsMigrator } from './settings-migrator';

const REST_MS = 10_000;

/**
 * After a release raised the settings version of a plugin that came with it: migrates what is behind when the hub starts,
 * and tries again what failed before. A call that comes first has its connector migrated by itself.
 */
@Injectable()
export class SettingsUpkeep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Settings');
  private readonly stopping = new AbortController();
  /** Resolves when all connectors were looked at. */
  done: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly connectors: ConnectorStore,
    private readonly registry: PluginRegistry,
    private readonly migrator: SettingsMigrator,
  ) {}

  /** In the background: a failure costs its connector, never the hub. */
  onApplicationBootstrap(): void {
    this.done = this.run().catch(() => undefined);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.done;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        return await this.lookAtAll();
      } catch (error) {
        const name = error instanceof Error ? error.name : typeof error;
        this.logger.warn(`Settings could not be looked at (${name}); they will be again.`);
        await sleep(REST_MS, undefined, { ref: false, signal });
      }
    }
  }

  private async lookAtAll(): Promise<void> {
    const plugins = this.registry.plugins.filter(({ manifest }) => manifest.settingsVersion > 1);
    if (plugins.length === 0) return;
    const counts = { migrated: 0, failed: 0 };
    for (const workspaceId of await this.database.workspaceIds()) {
      if (this.stopping.signal.aborted) return;
      await this.lookAt(workspaceId, plugins, counts);
    }
    if (counts.migrated + counts.failed > 0)
      this.logger.log(`Settings of ${counts.migrated} connectors migrated, of ${counts.failed} not.`);
  }

  private async lookAt(
    workspaceId: string,
    plugins: InstalledPlugin[],
    counts: { migrated: number; failed: number },
  ): Promise<void> {
    const behind = await this.database.tx(workspaceId, (tx) =>
      this.connectors.behind(
        tx,
        plugins.map(({ manifest }) => manifest),
      ),
    );
    for (const { id, plugin_id } of behind) {
      const plugin = plugins.find(({ manifest }) => manifest.id === plugin_id);
      if (!plugin || this.stopping.signal.aborted) return;
      try {
        await this.migrator.migrate(workspaceId, plugin, id, true);
        counts.migrated += 1;
      } catch (error) {
        if (!(error instanceof Problem) || error.code === 'database-unavailable') throw error;
        counts.failed += 1;
        this.logger.warn(`Connector ${id}: ${error.message}`);
      }
    }
  }
}
