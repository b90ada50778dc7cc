import type { PluginManifest } from '@percorso/plugin-kit';
import type { ConnectorView } from './connector.dto';
import type { ConnectorRow } from './connector.store';
import type { ShownConnector } from './settings/settings-versions';
import { usageOfKind } from './usage';

export type Manifests = ReadonlyMap<string, PluginManifest>;

export function usageOf({ usage, plugin_id: id }: ConnectorRow, manifests: Manifests): readonly string[] {
  return usage ?? usageOfKind(manifests.get(id));
}

export function viewOf({ row, parked }: ShownConnector, manifests: Manifests): ConnectorView {
  const secrets = Object.keys(row.secrets).map((field) => [field, { set: true }]);
  return {
    id: row.id,
    plugin: row.plugin_id,
    name: row.name,
    settings: { ...row.settings, ...Object.fromEntries(secrets) },
    state: row.state,
    parked,
    usage: usageOf(row, manifests),
    version: Number(row.version),
    lastCheck: row.check_result,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
