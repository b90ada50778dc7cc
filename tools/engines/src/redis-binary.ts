import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { EngineError, oneLine } from './engine';
import { libraryFolders, unpackDebianPackage } from './debian-packages';
import { isAtLeast, MINIMUM_VERSIONS } from './versions';

export interface RedisBinary {
  command: string;
  /** Folders for the loader, when the server was unpacked privately. */
  libraries: string[];
}

export interface RedisSearch {
  /** Folders to look in, as PATH; default: the environment's. */
  path?: string;
  /** Where the unpacked package is kept; default: the user's cache. */
  cacheDir?: string;
  log: (line: string) => void;
}

// Debian's redis-server package is a link to this program plus a service nobody asked for.
const PACKAGES = [
  { name: 'redis-tools', program: 'redis-check-rdb', server: 'redis-server' },
  { name: 'valkey-tools', program: 'valkey-check-rdb', server: 'valkey-server' },
];

/** A Redis or Valkey server from PATH, else the distribution's package unpacked into the cache. */
export async function findRedis(search: RedisSearch): Promise<RedisBinary> {
  for (const name of ['redis-server', 'valkey-server']) {
    const command = onPath(name, search.path ?? process.env.PATH ?? '');
    if (command && isRecent({ command, libraries: [] })) return { command, libraries: [] };
  }
  const cache = search.cacheDir ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'percorso');
  const folder = join(cache, `redis-${process.arch}`);
  const kept = unpackedIn(folder);
  if (kept && isRecent(kept)) return kept;
  return unpack(folder, search.log);
}

/** The loader's environment for this binary. */
export function redisEnvironment(binary: RedisBinary): NodeJS.ProcessEnv {
  const libraries = binary.libraries.length > 0 ? { LD_LIBRARY_PATH: binary.libraries.join(':') } : {};
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', ...libraries };
}

async function unpack(folder: string, log: (line: string) => void): Promise<RedisBinary> {
  log('Redis is not installed: unpacking the distribution’s package privately (first start only)');
  let reason = 'this system has no apt';
  for (const { name, program, server } of PACKAGES) {
    const draft = `${folder}.${process.pid}.new`;
    try {
      rmSync(draft, { recursive: true, force: true });
      mkdirSync(draft, { recursive: true });
      await unpackDebianPackage(name, draft);
      symlinkSync(program, join(draft, 'root', 'usr', 'bin', server));
      rmSync(join(draft, 'apt'), { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
      renameSync(draft, folder);
      const binary = unpackedIn(folder);
      if (binary && isRecent(binary)) return binary;
      reason = `the ${name} package does not run here or is older than ${MINIMUM_VERSIONS.redis}`;
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!missing) reason = `${name}: ${lastLine(error)}`;
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  throw new EngineError(
    'redis',
    'not-installed',
    `Redis ${MINIMUM_VERSIONS.redis} or newer is needed and was not found (${reason}): install redis-server or valkey-server, or set REDIS_URL.`,
  );
}

function unpackedIn(folder: string): RedisBinary | undefined {
  for (const { server } of PACKAGES) {
    const command = join(folder, 'root', 'usr', 'bin', server);
    if (existsSync(command)) return { command, libraries: libraryFolders(join(folder, 'root')) };
  }
  return undefined;
}

function onPath(name: string, path: string): string | undefined {
  return path
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

function isRecent(binary: RedisBinary): boolean {
  const result = spawnSync(binary.command, ['--version'], {
    encoding: 'utf8',
    env: redisEnvironment(binary),
  });
  const version = /\bv=(\d+(?:\.\d+)*)/.exec(result.stdout ?? '')?.[1];
  return version !== undefined && isAtLeast(version, MINIMUM_VERSIONS.redis);
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  const lines = (stderr || message || String(error)).split('\n').filter((line) => line.trim() !== '');
  return oneLine((lines.find((line) => line.startsWith('E:')) ?? lines.at(-1) ?? '').replace(/^E:\s*/, ''));
}
