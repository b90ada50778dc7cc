/** How far ahead rows are opened: what waits no longer than that is on its way even while a replay pauses. */
export const AHEAD_MS = 2_000;

export interface Pace {
  /** Rows that may be opened now; Infinity where no pace was asked for. */
  rows: number;
  /** When the n-th of them becomes due, from 0; with their number: when the one after them may. */
  dueAt(place: number): Date;
}

/** What `rowsPerSecond` lets through up to a little after `now`. Time that was slept through is not made up for. */
export function paceOf(
  { rowsPerSecond, nextAt }: { rowsPerSecond: number | null; nextAt: Date },
  now: Date,
): Pace {
  if (rowsPerSecond === null) return { rows: Infinity, dueAt: () => now };
  const stepMs = 1000 / rowsPerSecond;
  const first = Math.max(nextAt.getTime(), now.getTime());
  const rows = Math.floor((now.getTime() + AHEAD_MS - first) / stepMs) + 1;
  return { rows: Math.max(0, rows), dueAt: (place) => new Date(first + place * stepMs) };
}
