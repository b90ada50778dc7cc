import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { endOrphan, engineOf, exitOf, type Shutdown } from './child';
import {
  choosePort,
  logPath,
  prepareDataFolder,
  readState,
  withLogFile,
  writeState,
  type EngineState,
} from './data-folder';
import { lockData } from './data-lock';
import { causeOf, type Engine, EngineError, type EngineOptions } from './engine';
import { attachWatchdog, leashPrefix } from './leash';
import { placePostgres, type PostgresPlace } from './postgres-account';
import { findPostgresBinaries } from './postgres-binaries';
import {
  clearStalePid,
  clusterSettings,
  createCluster,
  POSTGRES_DATABASE,
  POSTGRES_USER,
  postgresEnvironment,
} from './postgres-cluster';
import { sleep } from './process-table';

const SHUTDOWN: Shutdown = { signals: ['SIGINT', 'SIGQUIT'], graceMs: 30_000 };
const START_MS = 120_000;

export interface PostgresOptions extends EngineOptions {
  /** Server settings (`postgresql.conf` names) over the defaults. */
  settings?: Record<string, string>;
  /** False keeps a root that cannot hand its folders to another account from using a user namespace. */
  namespaces?: boolean;
}

/** Starts PostgreSQL on 127.0.0.1, creating its cluster on first use; ready for connections when it resolves. */
export async function startPostgres(options: PostgresOptions): Promise<Engine> {
  const folder = prepareDataFolder('postgres', options.dataDir);
  const lock = lockData('postgres', folder);
  try {
    await endOrphan(lock, SHUTDOWN);
    const state = readState('postgres', folder);
    const place = placePostgres(findPostgresBinaries(), folder, state.dataPath, options.namespaces);
    if (place.dataPath !== join(folder, 'postgres')) state.dataPath = place.dataPath;
    writeState('postgres', folder, state);
    await withLogFileAsync(folder, (log) => createCluster(place, state.password, log));
    await clearStalePid(place.dataPath);
    const engine = await launchWithRetries(options, folder, state, place);
    lock.recordEngine(engine.pid);
    void engine.exited.then(() => lock.release());
    return engine;
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function withLogFileAsync(folder: string, use: (descriptor: number) => Promise<void>): Promise<void> {
  const descriptor = openSync(logPath('postgres', folder), 'a', 0o600);
  try {
    await use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

// Another process may take the port between the look and the bind, and the
// backends of a killed server may hold its shared memory for a moment.
async function launchWithRetries(
  options: PostgresOptions,
  folder: string,
  state: EngineState,
  place: PostgresPlace,
): Promise<Engine> {
  for (let attempt = 1; ; attempt++) {
    const logStart = sizeOf(logPath('postgres', folder));
    try {
      return await launch(options, folder, state, place);
    } catch (error) {
      const reason = lastFatal(logPath('postgres', folder), logStart) ?? causeOf(error);
      const passing = /shared memory block|Address already in use|could not create any TCP/i.test(reason);
      if (!passing || attempt === 40) {
        throw new EngineError(
          'postgres',
          'start-failed',
          `PostgreSQL did not start: ${reason} (see ${logPath('postgres', folder)})`,
        );
      }
      await sleep(250);
    }
  }
}

async function launch(
  options: PostgresOptions,
  folder: string,
  state: EngineState,
  place: PostgresPlace,
): Promise<Engine> {
  const leash = options.leash ?? 'auto';
  const port = await choosePort(state.port);
  const [command = '', ...words] = [
    ...place.prefix,
    ...accountWords(place, leashPrefix(leash, 'INT')),
    join(place.native, 'bin', 'postgres'),
    '-D',
    place.dataPath,
    ...clusterSettings(port, options.settings),
  ];
  // setpriv changes the account itself: the kernel forgets the leash when the account changes after it.
  const account = command === 'setpriv' ? undefined : place.account;
  const child = withLogFile('postgres', folder, (log) =>
    spawn(command, words, {
      ...account,
      cwd: '/',
      detached: true,
      env: postgresEnvironment(),
      stdio: ['ignore', log, log],
    }),
  );
  const exited = exitOf(child);
  attachWatchdog(child, leash, 'INT');
  const url = `postgres://${POSTGRES_USER}:${state.password}@127.0.0.1:${port}/${POSTGRES_DATABASE}`;
  const engine = engineOf('postgres', url, child, exited, SHUTDOWN);
  try {
    await untilReady(port, state.password, exited);
  } catch (error) {
    await engine.stop();
    throw error;
  }
  writeState('postgres', folder, { ...state, port });
  return engine;
}

function accountWords(place: PostgresPlace, prefix: string[]): string[] {
  if (prefix.length === 0 || !place.account) return prefix;
  return [...prefix, `--reuid=${place.account.uid}`, `--regid=${place.account.gid}`, '--clear-groups'];
}

async function untilReady(port: number, password: string, exited: Promise<string>): Promise<void> {
  let gone: string | undefined;
  void exited.then((cause) => (gone = cause));
  const end = Date.now() + START_MS;
  for (;;) {
    try {
      await ensureDatabase(port, password);
      return;
    } catch (error) {
      if (gone !== undefined) throw new EngineError('postgres', 'start-failed', gone);
      const code = (error as { code?: string }).code;
      const starting = code === '57P03' || code === 'ECONNREFUSED' || code === 'ECONNRESET';
      if (!starting || Date.now() > end) throw error;
    }
    await sleep(25);
  }
}

async function ensureDatabase(port: number, password: string): Promise<void> {
  const client = new Client({ host: '127.0.0.1', port, user: POSTGRES_USER, password, database: 'postgres' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query('select 1 from pg_database where datname = $1', [POSTGRES_DATABASE]);
    if (found.rowCount === 0) await client.query(`create database ${POSTGRES_DATABASE}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function lastFatal(path: string, from: number): string | undefined {
  const length = Math.min(sizeOf(path) - from, 64 * 1024);
  if (length <= 0) return undefined;
  const descriptor = openSync(path, 'r');
  const buffer = Buffer.alloc(length);
  readSync(descriptor, buffer, 0, length, from);
  closeSync(descriptor);
  const lines = buffer
    .toString('utf8')
    .split('\n')
    .filter((line) => /FATAL|PANIC|could not|error/.test(line));
  return lines.at(-1)?.replace(/^.*?(FATAL|PANIC|LOG|WARNING):\s*/, '');
}
