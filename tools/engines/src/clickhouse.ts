import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { endOrphan, engineOf, exitOf, type Shutdown } from './child';
import type { ServerOrder, ServerReport } from './clickhouse-server';
import { logPath, prepareDataFolder, readState, withLogFile, writeState } from './data-folder';
import { lockData } from './data-lock';
import { type Engine, EngineError, type EngineOptions } from './engine';
import { leashPrefix } from './leash';

export const CLICKHOUSE_USER = 'percorso';
export const CLICKHOUSE_DATABASE = 'percorso';

const SHUTDOWN: Shutdown = { signals: ['SIGTERM'], graceMs: 25_000 };
// Every query under way holds one thread of libuv's pool.
const QUERY_THREADS = '64';

/** Starts chdb behind ClickHouse's HTTP interface on 127.0.0.1; answers queries when it resolves. */
export async function startClickHouse(options: EngineOptions): Promise<Engine> {
  const folder = prepareDataFolder('clickhouse', options.dataDir);
  const lock = lockData('clickhouse', folder);
  try {
    await endOrphan(lock, SHUTDOWN);
    const state = readState('clickhouse', folder);
    const dataPath = join(folder, 'clickhouse');
    mkdirSync(dataPath, { recursive: true, mode: 0o700 });
    const child = launch(options, folder);
    const exited = exitOf(child);
    const { password } = state;
    const port = await order(child, exited, folder, {
      dataPath,
      password,
      port: state.port,
      user: CLICKHOUSE_USER,
      database: CLICKHOUSE_DATABASE,
    });
    child.channel?.unref();
    writeState('clickhouse', folder, { ...state, port });
    const url = `http://${CLICKHOUSE_USER}:${password}@127.0.0.1:${port}/${CLICKHOUSE_DATABASE}`;
    const engine = engineOf('clickhouse', url, child, exited, SHUTDOWN);
    lock.recordEngine(engine.pid);
    void exited.then(() => lock.release());
    return engine;
  } catch (error) {
    lock.release();
    throw error;
  }
}

function launch(options: EngineOptions, folder: string): ChildProcess {
  const script = join(__dirname, '..', 'dist', 'clickhouse-server.js');
  // The IPC channel is the leash wherever setpriv is missing: the server leaves when it closes.
  const [command = '', ...words] = [
    ...leashPrefix(options.leash ?? 'auto', 'KILL'),
    process.execPath,
    script,
  ];
  return withLogFile('clickhouse', folder, (log) =>
    spawn(command, words, {
      detached: true,
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, TZ: 'UTC', UV_THREADPOOL_SIZE: QUERY_THREADS },
      stdio: ['ignore', log, log, 'ipc'],
    }),
  );
}

async function order(
  child: ChildProcess,
  exited: Promise<string>,
  folder: string,
  words: ServerOrder,
): Promise<number> {
  const reported = new Promise<ServerReport>((resolve) => {
    child.once('message', (message) => resolve(message as ServerReport));
    child.once('error', (error) => resolve({ error: error.message }));
    void exited.then((cause) => resolve({ error: cause }));
  });
  child.send(words, () => undefined);
  const report = await reported;
  if ('port' in report) return report.port;
  await exited;
  throw new EngineError(
    'clickhouse',
    'start-failed',
    `ClickHouse did not start: ${report.error} (see ${logPath('clickhouse', folder)})`,
  );
}
