import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { PluginManifest } from '@percorso/plugin-kit';
import { Database, type Transaction } from '@percorso/storage';
import { PluginFiles, type KeptPackage } from '../install/plugin-files';
import { PluginStore } from '../install/plugin.store';
import { assertContract } from './contract-check';
import type { InstalledPlugin } from './installed-plugin';
import { IsolationPolicy } from './isolation-policy';
import { PluginRegistry } from './plugin-registry';

interface Live {
  id: string;
  state: 'active' | 'disabled';
  kept: KeptPackage | null;
}

/** The plugins of a workspace: those that came with the hub, and the live versions of those it installed. */
@Injectable()
export class PluginCatalog {
  constructor(
    private readonly registry: PluginRegistry,
    private readonly store: PluginStore,
    private readonly files: PluginFiles,
    private readonly database: Database,
    private readonly isolation: IsolationPolicy,
  ) {}

  builtIn(id: string): InstalledPlugin | undefined {
    return this.registry.plugins.find(({ manifest }) => manifest.id === id);
  }

  /** @throws Problem 422 naming the plugins there are; 409 when it is disabled or no version of it is live yet. */
  async get(workspaceId: string, id: string): Promise<InstalledPlugin> {
    const builtIn = this.builtIn(id);
    if (builtIn) return builtIn;
    const [live, known] = await this.database.tx(workspaceId, (tx) =>
      Promise.all([this.live(tx, id), this.store.list(tx)]),
    );
    if (!live) {
      const ids = [
        ...this.registry.plugins.map(({ manifest }) => manifest.id),
        ...known.map((one) => one.id),
      ];
      throw unknownPlugin(ids.sort());
    }
    return this.open(workspaceId, live);
  }

  /** The live version of an installed plugin, as stored; undefined where none of that id is installed. */
  async live(tx: Transaction, id: string): Promise<Live | undefined> {
    const { rows } = await tx.query<Live>(
      `SELECT p.id, p.state,
              CASE WHEN v.version IS NOT NULL THEN jsonb_build_object(
                'plugin_id', v.plugin_id, 'version', v.version, 'integrity', v.integrity,
                'files_digest', v.files_digest, 'manifest', v.manifest, 'main', v.main) END AS kept
         FROM plugin p LEFT JOIN plugin_version v
           ON v.workspace_id = p.workspace_id AND v.plugin_id = p.id AND v.version = p.live_version
        WHERE p.workspace_id = $1 AND p.id = $2`,
      [tx.workspaceId, id],
    );
    return rows[0];
  }

  /** @throws Problem 409 */
  open(workspaceId: string, { id, state, kept }: Live): Promise<InstalledPlugin> {
    if (state === 'disabled')
      return Promise.reject(Problem.conflict('plugin-disabled', `The plugin ${id} is disabled.`));
    if (!kept)
      return Promise.reject(
        Problem.conflict('plugin-not-live', `No version of the plugin ${id} is live yet.`),
      );
    return this.unpacked(workspaceId, kept);
  }

  /**
   * A version's files on this machine, whether it is live or not.
   * @throws Problem 409 `isolation-advisory` where no package from outside may run; `contract-too-old` or `contract-too-new`
   * where another release of the hub took it
   */
  async unpacked(workspaceId: string, kept: KeptPackage): Promise<InstalledPlugin> {
    this.isolation.assertMayRun();
    assertContract(`${kept.plugin_id} ${kept.version}`, kept.manifest.api, 409);
    return this.files.ensure(kept, () =>
      this.database.tx(workspaceId, (tx) => this.store.tarball(tx, kept.plugin_id, kept.version)),
    );
  }

  /** Manifests by plugin id, as far as something is live. */
  async manifests(tx: Transaction): Promise<Map<string, PluginManifest>> {
    const { rows } = await tx.query<{ manifest: PluginManifest }>(
      `SELECT v.manifest FROM plugin p JOIN plugin_version v
           ON v.workspace_id = p.workspace_id AND v.plugin_id = p.id AND v.version = p.live_version
        WHERE p.workspace_id = $1`,
      [tx.workspaceId],
    );
    const all = [...rows, ...this.registry.plugins];
    return new Map(all.map(({ manifest }) => [manifest.id, manifest]));
  }

  /**
   * Holds the plugin as it is until the transaction ends.
   * @throws Problem 409 when another version went live since `plugin` was read
   */
  async hold(tx: Transaction, plugin: InstalledPlugin): Promise<void> {
    if (plugin.digest === undefined) return;
    const row = await this.store.find(tx, plugin.manifest.id, 'FOR SHARE');
    if (row?.live_version === plugin.version && row.state === 'active') return;
    throw Problem.conflict('plugin-changed', 'The plugin was changed meanwhile; send the request again.');
  }
}

function unknownPlugin(ids: string[]): Problem {
  const known = ids.join(', ') || 'none';
  return new Problem({
    status: 422,
    code: 'unknown-plugin',
    title: 'Unknown plugin',
    detail: `No plugin of that id is installed. Installed: ${known}.`,
    errors: [{ pointer: '/plugin', code: 'unknown-plugin', message: `must be one of: ${known}` }],
  });
}
