import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface PackageJson {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const known = new Map<string, string[]>();

/**
 * The directories of these packages and of all they depend on: what a child must be able to read, and no more. Looked for
 * once: packages do not change while a hub runs.
 */
export function readablePaths(packageDirectories: string[]): string[] {
  const key = packageDirectories.join('\n');
  let paths = known.get(key);
  if (!paths || !packageDirectories.every((directory) => existsSync(directory))) {
    paths = find(packageDirectories);
    known.set(key, paths);
  }
  return paths;
}

function find(packageDirectories: string[]): string[] {
  const paths = new Set<string>();
  const queue = [...packageDirectories];
  for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
    if (paths.has(directory)) continue;
    paths.add(directory);
    const real = realpathSync(directory);
    if (real !== directory) {
      queue.push(real);
      continue;
    }
    for (const name of dependenciesOf(real)) {
      const found = locate(name, real);
      if (found) queue.push(found);
    }
  }
  return [...paths].sort();
}

function dependenciesOf(directory: string): string[] {
  const file = join(directory, 'package.json');
  if (!existsSync(file)) return [];
  const found = JSON.parse(readFileSync(file, 'utf8')) as PackageJson;
  return Object.keys({ ...found.dependencies, ...found.optionalDependencies, ...found.peerDependencies });
}

/** As Node looks for a package: in each node_modules on the way up. */
function locate(name: string, from: string): string | undefined {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (directory === dirname(directory)) return undefined;
  }
}
