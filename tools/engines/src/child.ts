import type { ChildProcess } from 'node:child_process';
import { type Engine, EngineError, type EngineName, ENGINE_TITLES } from './engine';
import type { DataLock } from './data-lock';
import { identifyProcess, waitUntilGone } from './process-table';

/** Signals to end an engine with, most polite first; each gets `graceMs` before the next. */
export interface Shutdown {
  signals: NodeJS.Signals[];
  graceMs: number;
}

/** Resolves with a readable cause when the child is gone. */
export function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`));
  });
}

export function engineOf(
  name: EngineName,
  url: string,
  child: ChildProcess,
  exited: Promise<string>,
  shutdown: Shutdown,
): Engine {
  const pid = child.pid;
  if (pid === undefined)
    throw new EngineError(name, 'start-failed', `${ENGINE_TITLES[name]} could not be started.`);
  return {
    name,
    url,
    pid,
    exited,
    stop: async () => {
      for (const signal of [...shutdown.signals, 'SIGKILL' as const]) {
        child.kill(signal);
        if (await endsWithin(exited, shutdown.graceMs)) return;
      }
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export async function endsWithin(exited: Promise<string>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const ended = await Promise.race([exited.then(() => true), timeout]);
  clearTimeout(timer);
  return ended;
}

/** Ends the engine a killed owner left behind, so its data can be opened again. */
export async function endOrphan(lock: DataLock, shutdown: Shutdown): Promise<void> {
  const orphan = lock.orphan;
  if (!orphan) return;
  for (const signal of [...shutdown.signals, 'SIGKILL' as const]) {
    try {
      process.kill(orphan.pid, signal);
    } catch {
      return;
    }
    if (await waitUntilGone(identifyProcess(orphan.pid), shutdown.graceMs)) return;
  }
}
