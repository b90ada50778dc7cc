import type { RunCounts, RunRow } from './run.store';

export interface Progress {
  /** From 0 to 1. */
  progress: number;
  /** By the pace so far; null when it has ended, is too young to tell, goes on with what comes, or was opened again. */
  estimatedEndAt: Date | null;
}

/** Below this the pace is chance. */
const TELLING = 0.01;

/** How far a run is: the share of rows that were looked at, of them the share that is settled. */
export function progressOf(
  run: Pick<RunRow, 'state' | 'reopened' | 'trigger' | 'expected' | 'looked' | 'createdAt'>,
  counts: RunCounts,
  now: Date,
): Progress {
  const open = counts.pending + counts.sending;
  const settled = counts.planned === 0 ? 1 : (counts.planned - open) / counts.planned;
  const progress = run.state === 'planning' ? lookedShare(run) * settled : settled;
  const isOpen = run.state === 'planning' || run.state === 'delivering';
  if (!isOpen || run.reopened || run.trigger === 'delta' || progress < TELLING)
    return { progress, estimatedEndAt: null };
  const elapsed = now.getTime() - run.createdAt.getTime();
  return { progress, estimatedEndAt: new Date(run.createdAt.getTime() + elapsed / progress) };
}

function lookedShare({ expected, looked }: Pick<RunRow, 'expected' | 'looked'>): number {
  if (expected === null) return 0;
  return expected === 0 ? 1 : Math.min(1, looked / expected);
}
