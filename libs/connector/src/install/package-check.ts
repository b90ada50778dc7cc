import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { parseManifest, type PluginManifest } from '@percorso/plugin-kit';
import { assertContract } from '../plugin/contract-check';
import { badPackage } from './unpack';

/** What the hub itself gives to every plugin: the kit, and the packages the kit is made with. */
export const PROVIDED = ['@percorso/plugin-kit', 'axios', 'class-validator', 'reflect-metadata'] as const;

/** A package as far as it can be known without running it. */
export interface CheckedPackage {
  package: string;
  version: string;
  manifest: PluginManifest;
  /** Path of the file that default-exports the plugin, within the package. */
  main: string;
}

interface PackageJson {
  name?: unknown;
  version?: unknown;
  main?: unknown;
  percorso?: { api?: unknown };
  dependencies?: Record<string, string>;
}

/** By semver.org's own grammar. */
export const EXACT_VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?(\+[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?$/;

/**
 * Reads an unpacked package: its manifest, its entry, and whether all it depends on is there.
 * @throws Problem 422 `bad-package` saying what is missing; `contract-too-old` or `contract-too-new`
 */
export function checkPackage(directory: string): CheckedPackage {
  const packageJson = readJson(join(directory, 'package.json'));
  if (!packageJson) throw badPackage('It has no package.json.');
  const parsed = parseManifest(packageJson);
  if (!parsed) throw badPackage('It is no plugin: package.json lacks the keyword "percorso-plugin".');
  const { name, version, percorso } = packageJson;
  assertContract(`${String(name)} ${String(version)}`, percorso?.api, 422);
  if ('errors' in parsed) throw badPackage(`Its manifest is wrong: ${parsed.errors.join('; ')}.`);
  if (typeof name !== 'string' || typeof version !== 'string' || !EXACT_VERSION.test(version))
    throw badPackage('package.json lacks a name or an exact version.');
  if (existsSync(join(directory, 'node_modules', PROVIDED[0])))
    throw badPackage(`It bundles ${PROVIDED[0]}; leave that out, the hub brings it.`);
  const missing = missingDependencies(directory);
  if (missing.length > 0) {
    throw badPackage(
      `It depends on ${missing.join(', ')}, which is not in the tarball. A plugin bundles what it depends on ` +
        `("bundleDependencies" in package.json); only ${PROVIDED.join(', ')} come from the hub.`,
    );
  }
  return { package: name, version, manifest: parsed.manifest, main: mainOf(directory, packageJson) };
}

function mainOf(directory: string, { main }: PackageJson): string {
  const path = typeof main === 'string' ? main : 'index.js';
  const file = [path, `${path}.js`, join(path, 'index.js')]
    .map((one) => join(directory, one))
    .find((one) => one.startsWith(directory + sep) && existsSync(one) && statSync(one).isFile());
  if (file === undefined) throw badPackage('The file that "main" names is not in the tarball.');
  return file.slice(directory.length + 1);
}

/** Every package that is depended on, bundled ones' own dependencies included, and cannot be found. */
function missingDependencies(directory: string): string[] {
  const missing = new Set<string>();
  const seen = new Set<string>();
  const open = [directory];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    for (const name of Object.keys(readJson(join(place, 'package.json'))?.dependencies ?? {})) {
      if ((PROVIDED as readonly string[]).includes(name)) continue;
      const found = locate(name, place, directory);
      if (found === undefined) missing.add(name);
      else open.push(found);
    }
  }
  return [...missing].sort();
}

/** As Node looks for a package, but never above `top`. */
function locate(name: string, from: string, top: string): string | undefined {
  if (!/^(@[\w.~-]+\/)?[\w~-][\w.~-]*$/.test(name)) return undefined;
  for (let place = from; place.startsWith(top); place = dirname(place)) {
    const candidate = join(place, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  return undefined;
}

function readJson(file: string): PackageJson | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PackageJson;
  } catch {
    throw badPackage('A package.json in it is not JSON.');
  }
}

/** Where the packages of `PROVIDED` are on this machine. */
export function providedPackages(): Map<string, string> {
  const ofConnector = createRequire(__filename);
  const kit = dirname(dirname(realpathSync(ofConnector.resolve('@percorso/plugin-kit'))));
  const ofKit = createRequire(join(kit, 'package.json'));
  return new Map(
    PROVIDED.map((name) => [
      name,
      name === PROVIDED[0] ? kit : folderOf(name, ofKit.resolve.paths(name) ?? []),
    ]),
  );
}

function folderOf(name: string, places: string[]): string {
  const place = places.map((one) => join(one, name)).find((one) => existsSync(join(one, 'package.json')));
  if (place === undefined) throw new Error(`the hub's own package ${name} is missing`);
  return realpathSync(place);
}
