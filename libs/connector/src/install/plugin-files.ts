import { randomUUID } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PluginManifest } from '@percorso/plugin-kit';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { assertIntegrity } from './integrity';
import { providedPackages } from './package-check';
import { digestOf, unpack } from './unpack';

/** One version as PostgreSQL keeps it, without its bytes. */
export interface KeptPackage {
  plugin_id: string;
  version: string;
  integrity: string;
  files_digest: string;
  manifest: PluginManifest;
  main: string;
}

/** Folders of installed packages on this machine: made from what PostgreSQL keeps, and never trusted by themselves. */
export class PluginFiles {
  private readonly ready = new Map<string, Promise<InstalledPlugin>>();

  constructor(private readonly root: string) {}

  /** Unpacks into a folder nobody else uses; `done` removes it. */
  async scratch(tarball: Buffer): Promise<{ directory: string; done: () => Promise<void> }> {
    const place = join(this.root, 'tmp', randomUUID());
    const directory = join(place, 'package');
    const done = (): Promise<void> => rm(place, { recursive: true, force: true });
    try {
      await mkdir(directory, { recursive: true, mode: 0o755 });
      await unpack(tarball, directory);
    } catch (error) {
      await done();
      throw error;
    }
    return { directory, done };
  }

  /**
   * The package's folder with exactly the files that were installed: checked once by each process, made again where it is
   * missing or was touched. `tarball` is asked for only then.
   * @throws Problem 422 `integrity` when the kept bytes are not those that were installed
   */
  ensure(kept: KeptPackage, tarball: () => Promise<Buffer>): Promise<InstalledPlugin> {
    const key = `${kept.plugin_id} ${kept.version} ${kept.integrity}`;
    let plugin = this.ready.get(key);
    if (!plugin || !existsSync(join(this.placeOf(kept), 'package', kept.main))) {
      plugin = this.make(kept, tarball);
      this.ready.set(key, plugin);
      plugin.catch(() => this.ready.delete(key));
    }
    return plugin;
  }

  /** Removes a version's folder from this machine. */
  async forget(kept: Pick<KeptPackage, 'plugin_id' | 'version' | 'integrity'>): Promise<void> {
    this.ready.delete(`${kept.plugin_id} ${kept.version} ${kept.integrity}`);
    await rm(this.placeOf(kept), { recursive: true, force: true });
  }

  private async make(kept: KeptPackage, tarball: () => Promise<Buffer>): Promise<InstalledPlugin> {
    const place = this.placeOf(kept);
    const directory = join(place, 'package');
    const there = existsSync(directory);
    if (!there || (await digestOf(directory)) !== kept.files_digest) {
      const bytes = await tarball();
      assertIntegrity(bytes, kept.integrity);
      const fresh = await this.scratch(bytes);
      if (there) await rm(place, { recursive: true, force: true });
      await mkdir(dirname(place), { recursive: true, mode: 0o755 });
      // Another process may have been faster, with the same bytes.
      await rename(dirname(fresh.directory), place).catch(async (error: NodeJS.ErrnoException) => {
        await fresh.done();
        if (!['EEXIST', 'ENOTEMPTY'].includes(error.code ?? '')) throw error;
      });
    }
    await this.linkProvided(place);
    return {
      manifest: kept.manifest,
      version: kept.version,
      directory: realpathSync(directory),
      main: join(realpathSync(directory), kept.main),
      digest: kept.integrity,
    };
  }

  /** Beside the package, where Node looks after its own node_modules. Made anew: the hub may have moved since. */
  private async linkProvided(place: string): Promise<void> {
    const modules = join(place, 'node_modules');
    for (const [name, target] of providedPackages()) {
      const link = join(modules, name);
      await mkdir(dirname(link), { recursive: true, mode: 0o755 });
      const own = `${link}.${randomUUID()}`;
      await symlink(target, own);
      await rename(own, link);
    }
  }

  private placeOf({
    plugin_id: id,
    version,
    integrity,
  }: Pick<KeptPackage, 'plugin_id' | 'version' | 'integrity'>) {
    // Two workspaces may have different packages of one name and version.
    const mark = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex').slice(0, 16);
    return join(this.root, id, `${version}-${mark}`);
  }
}
