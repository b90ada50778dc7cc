import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifyProcess, isRunning, type ProcessId, sleep } from './process-table';

export interface TemporaryFolder {
  path: string;
  /** Where PostgreSQL keeps its data: elsewhere when we are root and its account cannot enter `path`. */
  postgresData(): string;
  remove(): void;
}

/** A data folder whose path has a space; a closed one lies where only we may enter. */
export function temporaryFolder({ closed = false } = {}): TemporaryFolder {
  const top = mkdtempSync(join(tmpdir(), 'percorso-engines-'));
  chmodSync(top, closed ? 0o700 : 0o755);
  const path = join(top, 'data folder');
  const postgresData = (): string => {
    const state = join(path, 'postgres.json');
    const kept = existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as { dataPath?: string }) : {};
    return kept.dataPath ?? join(path, 'postgres');
  };
  return {
    path,
    postgresData,
    remove: () => {
      rmSync(postgresData(), { recursive: true, force: true });
      rmSync(top, { recursive: true, force: true });
    },
  };
}

export interface Script {
  pid: number;
  /** The first line of JSON the script printed. */
  said: unknown;
  ended: Promise<number | null>;
}

/** Runs JavaScript in a process of its own, from the built package; resolves at its first line of output. */
export function runScript(code: string): Promise<Script> {
  const dist = JSON.stringify(join(__dirname, '..', 'dist', 'index.js'));
  const child = spawn(process.execPath, ['-e', `const engines = require(${dist});${code}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const end = text.indexOf('\n');
      if (end >= 0) resolve({ pid: child.pid ?? 0, said: JSON.parse(text.slice(0, end)), ended });
    });
    child.once('error', reject);
    void ended.then((code_) => reject(new RangeError(`the script ended (${code_}) and said nothing`)));
  });
}

export function identifyAll(pids: number[]): ProcessId[] {
  return pids.map(identifyProcess);
}

/** Until none of the processes runs; fails after a minute. */
export async function gone(processes: ProcessId[]): Promise<void> {
  for (const until = Date.now() + 60_000; processes.some(isRunning);) {
    if (Date.now() > until) throw new RangeError('still running after a minute');
    await sleep(20);
  }
}

/** A TCP server that answers every connection's first bytes with `reply`. */
export async function fakeServer(reply: (data: string) => string): Promise<{ port: number; close(): void }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => socket.write(reply(data.toString('utf8'))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, close: () => server.close() };
}
