/**
 * Thrown by compiled code where stock JSONata is to answer the row: it failed, or met what only stock code knows the
 * answer to. A constant: no stack is taken.
 */
export const BAIL = Symbol('bail');
/** Thrown when a row ran out of time. */
export const TIMEOUT = Symbol('timeout');

/** Longest sequence, as given to stock JSONata; a longer one is its error to tell. */
export const MAX_SEQUENCE = 100_000;

const STEPS_A_LOOK = 5000;

interface Run {
  /** What the row sees as the time, Unix milliseconds. */
  at: number;
  timeoutMs: number;
  steps: number;
  /** The first look at the clock; a row that takes few steps is over before it. */
  began?: { ms: number; cpu: NodeJS.CpuUsage };
}

/** One row runs at a time; looking at the clock at every step would cost more than the steps. */
const run: Run = { at: 0, timeoutMs: Infinity, steps: STEPS_A_LOOK };

export function bail(): never {
  throw BAIL;
}

/** Begins a row: what it sees as the time, and how long it may take. */
export function beginRow(at: number, timeoutMs: number): void {
  run.at = at;
  run.timeoutMs = timeoutMs;
  run.steps = STEPS_A_LOOK;
  run.began = undefined;
}

export const rowTime = (): number => run.at;

/** Processor time the row has used so far, roughly. */
export function rowCpuMs(): number {
  if (!run.began) return 0;
  const { user, system } = process.cpuUsage(run.began.cpu);
  return (user + system) / 1000;
}

/** Counts work of roughly so many steps. */
export function spend(steps: number): void {
  run.steps -= steps;
  if (run.steps < 0) look();
}

function look(): void {
  run.steps = STEPS_A_LOOK;
  const ms = performance.now();
  run.began ??= { ms, cpu: process.cpuUsage() };
  if (ms - run.began.ms > run.timeoutMs) throw TIMEOUT;
}
