import { Inject, Injectable } from '@nestjs/common';
import { audit } from '@percorso/access';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { IsolationPolicy } from '../plugin/isolation-policy';
import { PluginCatalog } from '../plugin/plugin-catalog';
import { assertApproves, widening } from './egress-approval';
import { Examiner } from './examiner';
import { assertIntegrity } from './integrity';
import { NpmRegistry } from './npm-registry';
import { checkPackage, type CheckedPackage } from './package-check';
import { PluginFiles } from './plugin-files';
import { PluginLifecycle } from './plugin-lifecycle';
import { PluginStore, type PluginVersionRow } from './plugin.store';
import { badPackage, digestOf } from './unpack';

interface Received {
  tarball: Buffer;
  integrity: string;
  source: 'registry' | 'upload';
}

/** Brings packages in: taken, checked, unpacked, approved, examined; the last step is their going live. */
@Injectable()
export class PluginInstaller {
  constructor(
    private readonly database: Database,
    private readonly store: PluginStore,
    private readonly catalog: PluginCatalog,
    private readonly files: PluginFiles,
    private readonly registry: NpmRegistry,
    private readonly examiner: Examiner,
    private readonly lifecycle: PluginLifecycle,
    private readonly isolation: IsolationPolicy,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns the plugin's id. @throws Problem 422 for what cannot be installed, 409 for a version that is there */
  async fromRegistry(workspaceId: string, actor: string, name: string, version: string): Promise<string> {
    this.isolation.assertMayRun();
    const received = { ...(await this.registry.fetch(name, version)), source: 'registry' as const };
    return this.install(workspaceId, actor, received, (found) => {
      if (found.package === name && found.version === version) return;
      throw badPackage(`The registry gave ${found.package}@${found.version} out as ${name}@${version}.`);
    });
  }

  /** The same of bytes with their hash. */
  async fromUpload(workspaceId: string, actor: string, tarball: Buffer, integrity: string): Promise<string> {
    this.isolation.assertMayRun();
    return this.install(workspaceId, actor, { tarball, integrity, source: 'upload' }, () => undefined);
  }

  /**
   * The admin's word for what the version reaches, exactly; then it is examined and goes live. Again for one that was
   * refused, it is examined again.
   */
  async approve(
    workspaceId: string,
    actor: string,
    id: string,
    version: string,
    egress: unknown[],
  ): Promise<void> {
    this.isolation.assertMayRun();
    const row = await this.database.tx(workspaceId, async (tx) => {
      await this.store.get(tx, id, 'FOR UPDATE');
      const row = await this.store.getVersion(tx, id, version);
      assertApproves(egress, row.manifest.egress);
      const approved = { ...row, approved_egress: row.manifest.egress, approved_by: actor };
      const now = this.clock.now();
      await this.store.saveVersion(tx, approved, now);
      await audit(tx, actor, 'plugin.approved', id, { version, egress: row.manifest.egress }, now);
      return approved;
    });
    if (row.state !== 'ready') await this.examine(workspaceId, actor, row);
  }

  private async install(
    workspaceId: string,
    actor: string,
    { tarball, integrity, source }: Received,
    expect: (found: CheckedPackage) => void,
  ): Promise<string> {
    const sha512 = assertIntegrity(tarball, integrity);
    const scratch = await this.files.scratch(tarball);
    try {
      const found = checkPackage(scratch.directory);
      expect(found);
      const { manifest, version, main } = found;
      if (this.catalog.builtIn(manifest.id))
        throw badPackage(`The id ${manifest.id} is that of a plugin which comes with the hub.`);
      const now = this.clock.now();
      const row: PluginVersionRow = {
        plugin_id: manifest.id,
        version,
        package: found.package,
        source,
        integrity: sha512,
        files_digest: (await digestOf(scratch.directory)) ?? '',
        manifest,
        main,
        state: 'waiting',
        problem: null,
        approved_egress: null,
        approved_by: null,
        created_at: now,
        updated_at: now,
      };
      const kept = await this.keep(workspaceId, actor, row, tarball);
      if (kept.approved_egress) await this.examine(workspaceId, actor, kept);
      return manifest.id;
    } finally {
      await scratch.done();
    }
  }

  /** Written down; approved already if it reaches nothing that the live version may not. */
  private keep(
    workspaceId: string,
    actor: string,
    row: PluginVersionRow,
    tarball: Buffer,
  ): Promise<PluginVersionRow> {
    return this.database.tx(workspaceId, async (tx) => {
      const { id, live_version: live } = await this.store.begin(tx, row.plugin_id, row.created_at);
      const others = await this.store.versions(tx, id);
      const stranger = others.find((one) => one.package !== row.package);
      if (stranger) throw badPackage(`The id ${id} is taken by the package ${stranger.package}.`);
      if (others.some(({ version }) => version === row.version))
        throw Problem.conflict('plugin-exists', `Version ${row.version} of ${id} is installed already.`);
      const before = others.find(({ version }) => version === live);
      const wider = widening(row.manifest.egress, before?.approved_egress ?? null);
      const kept =
        before && wider.length === 0
          ? { ...row, approved_egress: row.manifest.egress, approved_by: before.approved_by }
          : row;
      await this.store.insertVersion(tx, kept, tarball);
      const detail = {
        package: row.package,
        version: row.version,
        source: row.source,
        integrity: row.integrity,
      };
      await audit(tx, actor, 'plugin.installed', id, { ...detail, newEgress: wider }, row.created_at);
      return kept;
    });
  }

  /** In a child process; what passes goes live, and what does not says why. */
  private async examine(workspaceId: string, actor: string, row: PluginVersionRow): Promise<void> {
    const plugin = await this.catalog.unpacked(workspaceId, row);
    const problem = await this.examiner.examine(plugin);
    const examined = { ...row, state: problem === null ? ('ready' as const) : ('refused' as const), problem };
    await this.database.tx(workspaceId, async (tx) => {
      const now = this.clock.now();
      await this.store.saveVersion(tx, examined, now);
      if (problem !== null)
        await audit(tx, actor, 'plugin.refused', row.plugin_id, { version: row.version, problem }, now);
    });
    if (problem !== null) return;
    try {
      await this.lifecycle.activate(workspaceId, actor, row.plugin_id, row.version);
    } catch (error) {
      // Kept with the version, which is installed all the same.
      if (!(error instanceof Problem && error.code === 'settings-migration')) throw error;
    }
  }
}
