import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { causeOf, EngineError } from './engine';
import { copyBinaries } from './postgres-binaries';

const SHARED_BINARIES = '/var/cache/percorso';
const SHARED_DATA = '/var/lib/percorso';

/** Who runs PostgreSQL, with which binaries, on which folder. */
export interface PostgresPlace {
  native: string;
  dataPath: string;
  /** Set when we are root: PostgreSQL refuses to run as root. */
  account?: { uid: number; gid: number };
  /** Words before the command where root cannot change its account but may open a user namespace. */
  prefix: string[];
}

/**
 * As an ordinary user everything stays where it is. As root PostgreSQL runs as the owner of existing data, else as
 * `postgres`, else as `nobody`; what that account cannot reach (a checkout in /root, say) goes to `/var/cache/percorso`
 * (binaries) and `/var/lib/percorso` (data, its path kept in the data folder).
 */
export function placePostgres(native: string, folder: string, keptDataPath?: string): PostgresPlace {
  const dataPath = keptDataPath ?? join(folder, 'postgres');
  if (process.getuid?.() !== 0) return { native, dataPath, prefix: [] };
  const account = chooseAccount(dataPath);
  if (!canBecome(account)) return { native, dataPath, prefix: namespacePrefix() };
  const reachable = canRun(account, join(native, 'bin', 'postgres'), ['--version']);
  return {
    native: reachable ? native : copyBinaries(native, SHARED_BINARIES),
    dataPath: keptDataPath || canEnter(account, folder) ? dataPath : sharedDataPath(folder),
    account,
    prefix: [],
  };
}

/** Makes a folder only PostgreSQL's account can read. */
export function createPrivateFolder(path: string, account: PostgresPlace['account']): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (account) chownSync(path, account.uid, account.gid);
}

function chooseAccount(dataPath: string): { uid: number; gid: number } {
  if (existsSync(dataPath)) {
    const { uid, gid } = statSync(dataPath);
    if (uid !== 0) return { uid, gid };
  }
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new EngineError(
    'postgres',
    'start-failed',
    'PostgreSQL refuses to run as root and there is no account postgres or nobody: run as an ordinary user, or set DATABASE_URL.',
  );
}

function idOf(flag: '-u' | '-g', name: string): number | undefined {
  const result = spawnSync('id', [flag, name], { encoding: 'utf8' });
  return result.status === 0 ? Number(result.stdout.trim()) : undefined;
}

function canBecome(account: { uid: number; gid: number }): boolean {
  return canRun(account, '/bin/sh', ['-c', 'true']);
}

function canEnter(account: { uid: number; gid: number }, folder: string): boolean {
  return canRun(account, '/bin/sh', ['-c', 'cd "$0"', folder]);
}

function canRun(account: { uid: number; gid: number }, command: string, words: string[]): boolean {
  return spawnSync(command, words, { ...account, cwd: '/', stdio: 'ignore' }).status === 0;
}

function namespacePrefix(): string[] {
  const prefix = ['unshare', '--user', '--map-user=1000', '--map-group=1000'];
  if (spawnSync('unshare', [...prefix.slice(1), 'true'], { stdio: 'ignore' }).status === 0) return prefix;
  throw new EngineError(
    'postgres',
    'start-failed',
    'PostgreSQL refuses to run as root, and this root may neither change its account nor open a user namespace: run as an ordinary user, or set DATABASE_URL.',
  );
}

function sharedDataPath(folder: string): string {
  const name = `${basename(dirname(folder)).replace(/[^\w.-]/g, '_')}-${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(SHARED_DATA, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new EngineError('postgres', 'start-failed', `Cannot create ${SHARED_DATA}: ${causeOf(error)}`);
  }
  return join(SHARED_DATA, name);
}
