import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import {
  API_VERSION,
  contractOf,
  type Egress,
  type JsonSchema,
  type PluginKind,
  type PluginManifest,
} from '@percorso/plugin-kit';
import { Database } from '@percorso/storage';
import { PluginHosts } from '../host/plugin-hosts';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { PluginCatalog } from '../plugin/plugin-catalog';
import { PluginRegistry } from '../plugin/plugin-registry';
import { widening } from './egress-approval';
import { PluginStore, type ParkingRow, type PluginRow, type PluginVersionRow } from './plugin.store';

/** `previous`: the next version of the contract ends it; `unsupported`: this hub does not run it. */
export type ContractState = 'current' | 'previous' | 'unsupported';

/** One installed version, for the admin. */
export interface PluginVersionView {
  version: string;
  /** `waiting`: for the approval of its egress; `ready`: examined; `refused`: see `problem`. */
  state: 'waiting' | 'ready' | 'refused';
  live: boolean;
  package: string;
  source: 'registry' | 'upload';
  integrity: string;
  api: string;
  contract: ContractState;
  settingsVersion: number;
  capabilities: string[];
  egress: Egress[];
  /** Of `egress`, what nobody approved yet. */
  newEgress: Egress[];
  problem: string | null;
  installedAt: string;
}

export interface PluginView {
  id: string;
  name: string;
  kind: PluginKind;
  version: string;
  api: string;
  contract: ContractState;
  capabilities: string[];
  channel?: string;
  egress: Egress[];
  source: 'hub' | 'installed';
  /** `waiting`: no version is live yet. */
  state: 'active' | 'disabled' | 'waiting';
  /** Why its process is not started any more, until an admin says so; null where it is. */
  parked: { reason: string; at: string } | null;
  /** Null where its code does not run. */
  settingsSchema: JsonSchema | null;
  /** Why its code does not run; null when it does. */
  problem: string | null;
}

export interface PluginDetailView extends PluginView {
  /** Newest first; none of a plugin that came with the hub. */
  versions: PluginVersionView[];
}

/** Plugins as the API shows them. */
@Injectable()
export class PluginViews {
  constructor(
    private readonly database: Database,
    private readonly registry: PluginRegistry,
    private readonly store: PluginStore,
    private readonly catalog: PluginCatalog,
    private readonly hosts: PluginHosts,
  ) {}

  async list(workspaceId: string): Promise<PluginView[]> {
    const { rows, versions, parked } = await this.read(workspaceId);
    return Promise.all([
      ...this.registry.plugins.map((plugin) => this.ofHub(plugin, parked)),
      ...rows.map((row) => this.ofInstalled(workspaceId, row, versions, parked)),
    ]);
  }

  /** @throws Problem 404 */
  async get(workspaceId: string, id: string): Promise<PluginDetailView> {
    const { rows, versions, parked } = await this.read(workspaceId, id);
    const builtIn = this.catalog.builtIn(id);
    if (builtIn) return { ...(await this.ofHub(builtIn, parked)), versions: [] };
    const row = rows.find((one) => one.id === id);
    if (!row) throw Problem.notFound('Plugin');
    const view = await this.ofInstalled(workspaceId, row, versions, parked);
    const live = versions.find(({ version }) => version === row.live_version);
    return { ...view, versions: versions.map((version) => versionView(version, live)) };
  }

  private read(workspaceId: string, id?: string) {
    return this.database.tx(workspaceId, async (tx) => {
      const [rows, versions, parked] = await Promise.all([
        this.store.list(tx),
        this.store.versions(tx, id),
        this.store.parked(tx),
      ]);
      return { rows, versions, parked };
    });
  }

  private async ofHub(plugin: InstalledPlugin, parked: ParkingRow[]): Promise<PluginView> {
    return {
      ...shown(plugin.manifest, plugin.version),
      source: 'hub',
      state: 'active',
      parked: parkedOf(parked, plugin.manifest.id, plugin.version),
      ...(await this.settingsOf(() => this.hosts.describe(plugin))),
    };
  }

  private async ofInstalled(
    workspaceId: string,
    row: PluginRow,
    versions: PluginVersionRow[],
    parked: ParkingRow[],
  ): Promise<PluginView> {
    const own = versions.filter((one) => one.plugin_id === row.id);
    const live = own.find(({ version }) => version === row.live_version);
    const shownVersion = live ?? own[0];
    if (!shownVersion) throw Problem.notFound('Plugin version');
    const settings = live
      ? await this.settingsOf(async () =>
          this.hosts.describe(await this.catalog.unpacked(workspaceId, live), workspaceId),
        )
      : { settingsSchema: null, problem: shownVersion.problem ?? 'Its egress waits for approval.' };
    return {
      ...shown(shownVersion.manifest, shownVersion.version),
      source: 'installed',
      state: live ? row.state : 'waiting',
      parked: parkedOf(parked, row.id, shownVersion.version),
      ...settings,
    };
  }

  /** One that does not start says so, and leaves the others alone. */
  private async settingsOf(
    describe: () => Promise<{ settingsSchema: JsonSchema }>,
  ): Promise<Pick<PluginView, 'settingsSchema' | 'problem'>> {
    try {
      return { settingsSchema: (await describe()).settingsSchema, problem: null };
    } catch (error) {
      if (error instanceof Problem) return { settingsSchema: null, problem: error.message };
      throw error;
    }
  }
}

function shown({ id, name, kind, api, capabilities, channel, egress }: PluginManifest, version: string) {
  return { id, name, kind, version, api, contract: contractState(api), capabilities, channel, egress };
}

function contractState(api: string): ContractState {
  const found = contractOf(api);
  if ('code' in found) return 'unsupported';
  return found.version === API_VERSION ? 'current' : 'previous';
}

function parkedOf(parked: ParkingRow[], id: string, version: string): PluginView['parked'] {
  const row = parked.find((one) => one.plugin_id === id && one.version === version);
  return row ? { reason: row.reason, at: row.at.toISOString() } : null;
}

function versionView(row: PluginVersionRow, live: PluginVersionRow | undefined): PluginVersionView {
  const { api, settingsVersion, capabilities, egress } = row.manifest;
  return {
    version: row.version,
    state: row.state,
    live: row === live,
    package: row.package,
    source: row.source,
    integrity: row.integrity,
    api,
    contract: contractState(api),
    settingsVersion,
    capabilities,
    egress,
    newEgress: widening(egress, row.approved_egress ?? live?.approved_egress ?? null),
    problem: row.problem,
    installedAt: row.created_at.toISOString(),
  };
}
