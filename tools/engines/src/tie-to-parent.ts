import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { attachWatchdog, leashPrefix } from './leash';

/** Spawn a process that is told to end (SIGTERM) when this one dies, however it dies. */
export function tieToParent(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const [program = command, ...rest] = [...leashPrefix('auto', 'TERM'), command, ...args];
  const child = spawn(program, rest, options);
  attachWatchdog(child, 'auto', 'TERM');
  return child;
}
