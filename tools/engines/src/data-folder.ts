import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { causeOf, EngineError, type EngineName } from './engine';

const LOG_KEPT_BYTES = 20 * 1024 * 1024;

/** What one engine keeps between starts, in `<dataDir>/<engine>.json`, readable by its owner only. */
export interface EngineState {
  password: string;
  /** Last port, taken again when free. */
  port?: number;
  /** Where the data is when it cannot be in the data folder. */
  dataPath?: string;
}

/** The absolute data folder, created with its log folder. */
export function prepareDataFolder(engine: EngineName, dataDir: string): string {
  const folder = resolve(dataDir);
  try {
    mkdirSync(join(folder, 'logs'), { recursive: true });
  } catch (error) {
    throw new EngineError(
      engine,
      'start-failed',
      `Cannot write to the data folder ${folder}: ${causeOf(error)}`,
    );
  }
  return folder;
}

/** The kept state, with a password generated at first use. */
export function readState(engine: EngineName, folder: string): EngineState {
  const path = statePath(engine, folder);
  if (existsSync(path)) {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as EngineState;
    } catch (error) {
      throw new EngineError(engine, 'start-failed', `Cannot read ${path}: ${causeOf(error)}`);
    }
  }
  const state = { password: randomBytes(24).toString('hex') };
  writeState(engine, folder, state);
  return state;
}

export function writeState(engine: EngineName, folder: string, state: EngineState): void {
  const path = statePath(engine, folder);
  writeFileSync(`${path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function logPath(engine: EngineName, folder: string): string {
  return join(folder, 'logs', `${engine}.log`);
}

/** Calls `use` with a descriptor open for appending; one older log is kept once a log grows large. */
export function withLogFile<T>(engine: EngineName, folder: string, use: (descriptor: number) => T): T {
  const path = logPath(engine, folder);
  if (existsSync(path) && statSync(path).size > LOG_KEPT_BYTES) renameSync(path, `${path}.1`);
  const descriptor = openSync(path, 'a', 0o600);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The preferred port when free on the loopback interface, else any free one. */
export async function choosePort(preferred?: number): Promise<number> {
  const free = preferred === undefined ? undefined : await tryPort(preferred);
  return free ?? (await tryPort(0)) ?? 0;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', () => settle(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => settle(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}

function statePath(engine: EngineName, folder: string): string {
  return join(folder, `${engine}.json`);
}
