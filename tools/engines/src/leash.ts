import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Leash } from './engine';

let setprivFound: boolean | undefined;

/** True when the system can tie a process to its parent by itself (Linux with util-linux). */
export function hasSetpriv(): boolean {
  setprivFound ??= spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true'], { stdio: 'ignore' }).status === 0;
  return setprivFound;
}

/** The words to put before a command so the kernel sends it `signal` when its parent dies. */
export function leashPrefix(leash: Leash, signal: 'INT' | 'TERM' | 'KILL'): string[] {
  return leash === 'auto' && hasSetpriv() ? ['setpriv', '--pdeathsig', signal] : [];
}

/**
 * The portable leash: a tiny process holding the read end of a pipe whose write end dies with us.
 * Does nothing where `leashPrefix` did the work.
 */
export function attachWatchdog(child: ChildProcess, leash: Leash, signal: 'INT' | 'TERM' | 'KILL'): void {
  if (child.pid === undefined || (leash === 'auto' && hasSetpriv())) return;
  const script = join(__dirname, '..', 'dist', 'watchdog.js');
  const watchdog = spawn(process.execPath, [script, String(child.pid), `SIG${signal}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {},
  });
  watchdog.on('error', () => child.kill('SIGKILL'));
  watchdog.stdin?.on('error', () => undefined);
  watchdog.unref();
  child.once('exit', () => watchdog.kill('SIGKILL'));
}
