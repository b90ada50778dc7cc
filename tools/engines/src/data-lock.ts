import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINE_TITLES, EngineError, type EngineName } from './engine';
import { identifyProcess, isRunning, type ProcessId } from './process-table';

interface LockRecord {
  owner: ProcessId;
  engine?: ProcessId;
}

/** Exclusive use of one engine's data. Survives SIGKILL: a dead owner's lock is taken over. */
export interface DataLock {
  /** The engine process a dead owner left behind, still running. */
  readonly orphan?: ProcessId;
  recordEngine(pid: number): void;
  release(): void;
}

/** @throws EngineError `in-use` while another live process (or this one) holds the lock. */
export function lockData(engine: EngineName, dataDir: string): DataLock {
  const path = join(dataDir, `${engine}.lock`);
  const owner = identifyProcess(process.pid);
  for (let attempt = 0; attempt < 20; attempt++) {
    const before = readRecord(path);
    if (before && isRunning(before.owner)) throw inUse(engine, dataDir, before.owner.pid);
    if (before && !putAside(path, before)) continue;
    if (!create(path, { owner })) continue;
    return {
      orphan: before?.engine && isRunning(before.engine) ? before.engine : undefined,
      recordEngine: (pid) => replace(path, { owner, engine: identifyProcess(pid) }),
      release: () => rmSync(path, { force: true }),
    };
  }
  throw new EngineError(engine, 'in-use', `Another process keeps taking ${path}; start one at a time.`);
}

function inUse(engine: EngineName, dataDir: string, pid: number): EngineError {
  return new EngineError(
    engine,
    'in-use',
    `${ENGINE_TITLES[engine]}'s data in ${dataDir} is in use by process ${pid}: stop that one, or choose another data folder.`,
  );
}

function readRecord(path: string): LockRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LockRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { owner: { pid: 0, born: 'unreadable' } };
  }
}

// Two processes may both find the same dead lock; renaming lets one win, and a
// lock that was renewed in between is put back.
function putAside(path: string, expected: LockRecord): boolean {
  const aside = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    renameSync(path, aside);
  } catch {
    return false;
  }
  const moved = readRecord(aside);
  const same = JSON.stringify(moved) === JSON.stringify(expected);
  if (!same) {
    try {
      linkSync(aside, path);
    } catch {
      // Somebody holds a fresh lock already.
    }
  }
  rmSync(aside, { force: true });
  return same;
}

// Written aside and linked, so nobody ever reads half a record.
function create(path: string, record: LockRecord): boolean {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

function replace(path: string, record: LockRecord): void {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
  renameSync(draft, path);
}
