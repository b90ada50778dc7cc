import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { PluginDescription } from '@percorso/plugin-kit';
import { Database } from '@percorso/storage';
import { ConnectorStore, type ConnectorRow } from '../connector.store';
import { egressRules } from '../host/egress';
import type { ConnectorHandle, PluginHost } from '../host/plugin-host';
import { PluginHosts } from '../host/plugin-hosts';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { PluginRegistry } from '../plugin/plugin-registry';
import { SecretBox } from '../secret/secret-box';

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
    private readonly registry: PluginRegistry,
    private readonly hosts: PluginHosts,
    private readonly secrets: SecretBox,
  ) {}

  /** @throws Problem 404, 409 when it is disabled, 422 when its plugin is gone, 503 when the plugin does not start. */
  async open(workspaceId: string, connectorId: string): Promise<OpenConnector> {
    const { row, allowPrivateNetwork } = await this.database.tx(workspaceId, async (tx) => ({
      row: await this.store.get(tx, connectorId),
      allowPrivateNetwork: await this.store.allowsPrivateNetwork(tx),
    }));
    if (row.state === 'disabled') throw Problem.conflict('connector-disabled', 'The connector is disabled.');
    const plugin = this.registry.get(row.plugin_id);
    return {
      row,
      plugin,
      description: await this.hosts.describe(plugin, workspaceId),
      host: this.hosts.of(workspaceId, plugin),
      handle: {
        id: row.id,
        version: Number(row.version),
        policy: { rules: egressRules(plugin.manifest.egress, row.settings), allowPrivateNetwork },
        settings: () => ({ ...row.settings, ...this.openSecrets(workspaceId, row) }),
      },
    };
  }

  openSecrets(workspaceId: string, row: Pick<ConnectorRow, 'id' | 'secrets'>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(row.secrets).map(([field, sealed]) => [
        field,
        this.secrets.open(sealed, {
          workspaceId,
          table: 'connector',
          row: row.id,
          column: `secrets.${field}`,
        }),
      ]),
    );
  }
}
