import { readFileSync } from 'node:fs';

/** Names one process for good: a pid alone is reused by the system. */
export interface ProcessId {
  pid: number;
  /** Boot and start tick on Linux; empty where the system does not tell. */
  born: string;
}

export function identifyProcess(pid: number): ProcessId {
  return { pid, born: birthOf(pid) };
}

/** True while that very process runs; a zombie does not count. */
export function isRunning(process_: ProcessId): boolean {
  if (!exists(process_.pid) || stateOf(process_.pid) === 'Z') return false;
  return process_.born === '' || process_.born === birthOf(process_.pid);
}

export function commandLine(pid: number): string {
  return readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

/** Signals the process; false when it is gone already. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** True when the process ended within the time. */
export async function waitUntilGone(process_: ProcessId, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds;
  while (isRunning(process_)) {
    if (Date.now() >= end) return false;
    await sleep(25);
  }
  return true;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

// The command name in /proc/<pid>/stat may hold spaces and brackets, so fields count from the last ')'.
function statFields(pid: number): string[] {
  const text = readText(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function stateOf(pid: number): string {
  return statFields(pid)[0] ?? '';
}

function birthOf(pid: number): string {
  const startTick = statFields(pid)[19];
  return startTick ? `${readText('/proc/sys/kernel/random/boot_id').trim()}/${startTick}` : '';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
