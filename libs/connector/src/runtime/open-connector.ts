import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { PluginDescription } from '@percorso/plugin-kit';
import { Database } from '@percorso/storage';
import { ConnectorStore, type ConnectorRow } from '../connector.store';
import { egressRules } from '../host/egress';
import type { ConnectorHandle, PluginHost } from '../host/plugin-host';
import { PluginHosts } from '../host/plugin-hosts';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { PluginCatalog } from '../plugin/plugin-catalog';
import { PluginParking } from '../plugin/plugin-parking';
import { ConnectorSecrets } from '../secret/connector-secrets';
import { SettingsVersions } from '../settings/settings-versions';

/** A connector with everything needed to call its plugin. */
export interface OpenConnector {
  row: ConnectorRow;
  plugin: InstalledPlugin;
  description: PluginDescription;
  host: PluginHost;
  handle: ConnectorHandle;
}

@Injectable()
export class ConnectorOpener {
  constructor(
    private readonly database: Database,
    private readonly store: ConnectorStore,
    private readonly catalog: PluginCatalog,
    private readonly hosts: PluginHosts,
    private readonly secrets: ConnectorSecrets,
    private readonly parking: PluginParking,
    private readonly settings: SettingsVersions,
  ) {}

  /**
   * @param again whether settings that could not be migrated are tried once more
   * @throws Problem 404, 409 when it or its plugin is disabled, 422 when its plugin is gone, 503 when the plugin or the
   * connector is parked or does not start.
   */
  async open(workspaceId: string, connectorId: string, again = false): Promise<OpenConnector> {
    const stored = await this.database.tx(workspaceId, async (tx) => {
      const [row, allowPrivateNetwork, parked] = await Promise.all([
        this.store.get(tx, connectorId),
        this.store.allowsPrivateNetwork(tx),
        this.parking.all(tx),
      ]);
      const isBuiltIn = this.catalog.builtIn(row.plugin_id) !== undefined;
      const live = isBuiltIn ? undefined : await this.catalog.live(tx, row.plugin_id);
      return { row, allowPrivateNetwork, live, parked };
    });
    const { allowPrivateNetwork, live, parked } = stored;
    if (stored.row.state === 'disabled')
      throw Problem.conflict('connector-disabled', 'The connector is disabled.');
    const plugin = live
      ? await this.catalog.open(workspaceId, live)
      : await this.catalog.get(workspaceId, stored.row.plugin_id);
    this.parking.assertNotParked(plugin, parked);
    const row = await this.settings.of(workspaceId, plugin, stored.row, again);
    return {
      row,
      plugin,
      description: await this.hosts.describe(plugin, workspaceId),
      host: this.hosts.of(workspaceId, plugin),
      handle: {
        id: row.id,
        version: Number(row.version),
        policy: { rules: egressRules(plugin.manifest.egress, row.settings), allowPrivateNetwork },
        settings: () => ({ ...row.settings, ...this.secrets.open(workspaceId, row.id, row.secrets) }),
      },
    };
  }
}
