import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifest, type PluginManifest } from '@percorso/plugin-kit';

/** A plugin package on disk. Known by its manifest alone; none of its code has run. */
export interface InstalledPlugin {
  manifest: PluginManifest;
  version: string;
  directory: string;
  /** The hash of its tarball, where it was installed; absent of those that came with the hub. */
  digest?: string;
  /** The file that default-exports the plugin. */
  main: string;
}

export interface UnusablePlugin {
  directory: string;
  errors: string[];
}

export interface Installed {
  plugins: InstalledPlugin[];
  unusable: UnusablePlugin[];
}

/** The plugins whose packages lie directly in `directories`. Of two with one id the first is taken. */
export function scanPlugins(directories: string[]): Installed {
  const found: Installed = { plugins: [], unusable: [] };
  for (const directory of directories.flatMap(packagesIn)) {
    const result = readPlugin(directory);
    if (!result) continue;
    if ('errors' in result) found.unusable.push(result);
    else if (found.plugins.some((other) => other.manifest.id === result.manifest.id)) {
      found.unusable.push({ directory, errors: [`the id ${result.manifest.id} is already taken`] });
    } else found.plugins.push(result);
  }
  return found;
}

/** The plugin in one package directory; undefined when the package is none. */
export function readPlugin(directory: string): InstalledPlugin | UnusablePlugin | undefined {
  const file = join(directory, 'package.json');
  if (!existsSync(file)) return undefined;
  const packageJson = parseJson(readFileSync(file, 'utf8'));
  const result = parseManifest(packageJson);
  if (!result) return undefined;
  if ('errors' in result) return { directory, errors: result.errors };
  const { version, main } = packageJson as { version?: string; main?: string };
  const real = realpathSync(directory);
  return {
    manifest: result.manifest,
    version: version ?? '0.0.0',
    directory: real,
    main: join(real, main ?? 'index.js'),
  };
}

function packagesIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .sort()
    .map((name) => join(directory, name));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
