import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { causeOf, EngineError } from './engine';
import { copyBinaries } from './postgres-binaries';

const SHARED_BINARIES = '/var/cache/percorso';
const SHARED_DATA = '/var/lib/percorso';

const NAMESPACE = ['unshare', '--user', '--map-user=1000', '--map-group=1000'];

interface Account {
  uid: number;
  gid: number;
}

/** Who runs PostgreSQL, with which binaries, on which folder. */
export interface PostgresPlace {
  native: string;
  dataPath: string;
  /** Set when we are root: PostgreSQL refuses to run as root. */
  account?: Account;
  /** Words before the command where root cannot change its account but may open a user namespace. */
  prefix: string[];
}

/**
 * As an ordinary user everything stays where it is. As root PostgreSQL runs, in this order, as
 * - the owner of existing data, else `postgres`, else `nobody`, where that account reaches binaries and data folder;
 * - an unprivileged user of a user namespace, which reaches what root reaches (a checkout in root's home, say);
 * - that account again, with binaries copied to `/var/cache/percorso` and data in `/var/lib/percorso`, where the kernel
 *   opens no namespace. The data folder's `postgres.json` keeps the path.
 */
export function placePostgres(
  native: string,
  folder: string,
  keptDataPath?: string,
  namespaces = true,
): PostgresPlace {
  const dataPath = keptDataPath ?? join(folder, 'postgres');
  if (process.getuid?.() !== 0) return { native, dataPath, prefix: [] };
  const owner = ownerOf(dataPath);
  const account = owner && owner.uid !== 0 ? owner : findAccount();
  const open = account && canEnter(account, keptDataPath ? dirname(keptDataPath) : folder);
  const runs = account && canRun(account, join(native, 'bin', 'postgres'), ['--version']);
  if (open && runs && owner?.uid !== 0) return { native, dataPath, account, prefix: [] };
  if (namespaces && (!owner || owner.uid === 0) && canOpenNamespace()) {
    return { native, dataPath, prefix: NAMESPACE };
  }
  if (!account || !canRun(account, '/bin/sh', ['-c', 'true']) || owner?.uid === 0 || (owner && !open)) {
    throw new EngineError('postgres', 'start-failed', hopeless(dataPath, owner !== undefined));
  }
  return {
    native: runs ? native : copyBinaries(native, SHARED_BINARIES),
    dataPath: open ? dataPath : sharedDataPath(folder),
    account,
    prefix: [],
  };
}

/** Makes a folder only PostgreSQL's account can read. */
export function createPrivateFolder(path: string, account: PostgresPlace['account']): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (account) chownSync(path, account.uid, account.gid);
}

function ownerOf(path: string): Account | undefined {
  if (!existsSync(path)) return undefined;
  const { uid, gid } = statSync(path);
  return { uid, gid };
}

function findAccount(): Account | undefined {
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  return undefined;
}

function hopeless(dataPath: string, exists: boolean): string {
  const reason = exists
    ? `its data in ${dataPath} belongs to an account that cannot be used from here`
    : 'this root may neither change its account nor open a user namespace';
  return `PostgreSQL refuses to run as root, and ${reason}: run as an ordinary user, or set DATABASE_URL.`;
}

function idOf(flag: '-u' | '-g', name: string): number | undefined {
  const result = spawnSync('id', [flag, name], { encoding: 'utf8' });
  return result.status === 0 ? Number(result.stdout.trim()) : undefined;
}

function canEnter(account: Account, folder: string): boolean {
  return canRun(account, '/bin/sh', ['-c', 'cd "$0"', folder]);
}

function canRun(account: Account, command: string, words: string[]): boolean {
  return spawnSync(command, words, { ...account, cwd: '/', stdio: 'ignore' }).status === 0;
}

function canOpenNamespace(): boolean {
  const [command = '', ...words] = NAMESPACE;
  return spawnSync(command, [...words, 'true'], { stdio: 'ignore' }).status === 0;
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
