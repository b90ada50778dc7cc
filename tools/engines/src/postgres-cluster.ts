import { spawn } from 'node:child_process';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { EngineError } from './engine';
import { exitOf } from './child';
import { createPrivateFolder, type PostgresPlace } from './postgres-account';
import { commandLine, identifyProcess, isRunning, signal, waitUntilGone } from './process-table';

export const POSTGRES_USER = 'percorso';
export const POSTGRES_DATABASE = 'percorso';

// Above every system's highest process id.
const NO_PID = 2 ** 30;

/** Creates the cluster beside its final place, so a start killed half way leaves nothing half made. */
export async function createCluster(place: PostgresPlace, password: string, log: number): Promise<void> {
  if (existsSync(join(place.dataPath, 'PG_VERSION'))) return;
  const draft = `${place.dataPath}.new`;
  const passwordFile = `${place.dataPath}.password`;
  rmSync(draft, { recursive: true, force: true });
  createPrivateFolder(draft, place.account);
  writeFileSync(passwordFile, password, { mode: 0o600 });
  try {
    if (place.account) chownSync(passwordFile, place.account.uid, place.account.gid);
    const [command = '', ...words] = [
      ...place.prefix,
      join(place.native, 'bin', 'initdb'),
      '--pgdata',
      draft,
      '--username',
      POSTGRES_USER,
      '--pwfile',
      passwordFile,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--data-checksums',
    ];
    const child = spawn(command, words, {
      ...place.account,
      cwd: '/',
      env: postgresEnvironment(),
      stdio: ['ignore', log, log],
    });
    const outcome = await exitOf(child);
    if (outcome !== 'exit code 0') {
      throw new EngineError(
        'postgres',
        'start-failed',
        `PostgreSQL's initdb failed (${outcome}); see logs/postgres.log in the data folder.`,
      );
    }
    rmSync(place.dataPath, { recursive: true, force: true });
    renameSync(draft, place.dataPath);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * Ends a server that still runs on this folder, and keeps a pid reused by a stranger from passing for one. The file
 * itself stays: through it PostgreSQL waits for the last process of a killed server.
 */
export async function clearStalePid(dataPath: string): Promise<void> {
  const path = join(dataPath, 'postmaster.pid');
  if (!existsSync(path)) return;
  const [first = '', ...rest] = readFileSync(path, 'utf8').split('\n');
  const server = identifyProcess(Number(first));
  if (!Number.isInteger(server.pid) || server.pid <= 1 || !isRunning(server)) return;
  if (!commandLine(server.pid).includes(dataPath)) {
    writeFileSync(path, [String(NO_PID), ...rest].join('\n'));
    return;
  }
  for (const name of ['SIGINT', 'SIGQUIT'] as const) {
    signal(server.pid, name);
    if (await waitUntilGone(server, 10_000)) return;
  }
}

/** Server settings for one machine; what is durable by default stays durable. */
export function clusterSettings(port: number, overrides: Record<string, string> = {}): string[] {
  const megabytes = Math.floor(totalmem() / 1024 / 1024);
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_connections: '200',
    shared_buffers: `${Math.min(1024, Math.max(128, Math.floor(megabytes / 8)))}MB`,
    effective_cache_size: `${Math.floor(megabytes / 2)}MB`,
    maintenance_work_mem: '128MB',
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    random_page_cost: '1.1',
    jit: 'off',
    ...overrides,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}
