import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import { endOrphan, endsWithin, engineOf, exitOf, type Shutdown } from './child';
import { choosePort, logPath, prepareDataFolder, readState, withLogFile, writeState } from './data-folder';
import { lockData } from './data-lock';
import { causeOf, type Engine, EngineError, type EngineOptions } from './engine';
import { attachWatchdog, leashPrefix } from './leash';
import { findRedis, type RedisBinary, redisEnvironment, type RedisSearch } from './redis-binary';

const SHUTDOWN: Shutdown = { signals: ['SIGTERM'], graceMs: 15_000 };
const LOAD_MS = 120_000;

export interface RedisOptions extends EngineOptions, Pick<RedisSearch, 'path' | 'cacheDir'> {
  /** Lines of its configuration besides its own. */
  settings?: readonly string[];
}

/** Starts Redis or Valkey on 127.0.0.1, append-only file on; answers commands when it resolves. */
export async function startRedis(options: RedisOptions): Promise<Engine> {
  const folder = prepareDataFolder('redis', options.dataDir);
  const lock = lockData('redis', folder);
  try {
    await endOrphan(lock, SHUTDOWN);
    const binary = await findRedis({ ...options, log: options.log ?? (() => undefined) });
    mkdirSync(join(folder, 'redis'), { recursive: true, mode: 0o700 });
    const engine = await launchWithRetries(options, folder, binary);
    lock.recordEngine(engine.pid);
    void engine.exited.then(() => lock.release());
    return engine;
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function launchWithRetries(
  options: RedisOptions,
  folder: string,
  binary: RedisBinary,
): Promise<Engine> {
  const log = logPath('redis', folder);
  for (let attempt = 1; ; attempt++) {
    const logStart = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
    try {
      return await launch(options, folder, binary);
    } catch (error) {
      const said = readFileSync(log).subarray(logStart).toString('utf8');
      const damaged =
        /Bad file format reading the append only file|Wrong signature|Unexpected end of file/.test(said);
      const passing = /Address already in use/.test(said) || (damaged && setAside(folder));
      if (!passing || attempt === 5) {
        throw new EngineError('redis', 'start-failed', `Redis did not start: ${causeOf(error)} (see ${log})`);
      }
      if (damaged)
        options.log?.('Redis could not read its file: set aside, queues are rebuilt from PostgreSQL');
    }
  }
}

async function launch(options: RedisOptions, folder: string, binary: RedisBinary): Promise<Engine> {
  const state = readState('redis', folder);
  const port = await choosePort(state.port);
  const leash = options.leash ?? 'auto';
  const [command = '', ...words] = [...leashPrefix(leash, 'TERM'), binary.command, '-'];
  const child = withLogFile('redis', folder, (log) =>
    spawn(command, words, {
      detached: true,
      cwd: '/',
      env: redisEnvironment(binary),
      stdio: ['pipe', log, log],
    }),
  );
  const exited = exitOf(child);
  attachWatchdog(child, leash, 'TERM');
  const lines = configuration(join(folder, 'redis'), port, state.password);
  giveConfiguration(child, [...lines, ...(options.settings ?? []), ''].join('\n'));
  const engine = engineOf('redis', `redis://:${state.password}@127.0.0.1:${port}/0`, child, exited, SHUTDOWN);
  try {
    await untilLoaded(engine);
  } catch (error) {
    await engine.stop();
    throw error;
  }
  writeState('redis', folder, { ...state, port });
  return engine;
}

// Read from standard input, so the password is in no file and no argument list.
function giveConfiguration(child: ChildProcess, text: string): void {
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(text);
}

function configuration(dir: string, port: number, password: string): string[] {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    'protected-mode yes',
    `requirepass ${password}`,
    `dir "${dir.replace(/[\\"]/g, '\\$&')}"`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    'daemonize no',
  ];
}

async function untilLoaded(engine: Engine): Promise<void> {
  const client = new Redis(engine.url, { maxRetriesPerRequest: null, retryStrategy: () => 25 });
  client.on('error', () => undefined);
  const answered = client.ping();
  answered.catch(() => undefined);
  try {
    const gone = engine.exited.then((cause) => {
      throw new EngineError('redis', 'start-failed', cause);
    });
    gone.catch(() => undefined);
    const early = Promise.race([answered, gone]);
    const ended = await endsWithin(
      early.then(
        () => '',
        () => '',
      ),
      LOAD_MS,
    );
    if (!ended) throw new EngineError('redis', 'start-failed', `no answer in ${LOAD_MS / 1000} s`);
    await early;
  } finally {
    client.disconnect();
  }
}

function setAside(folder: string): boolean {
  const path = join(folder, 'redis', 'appendonlydir');
  if (!existsSync(path)) return false;
  renameSync(path, `${path}.damaged-${Date.now()}`);
  return true;
}
