/** The least, and the mean, of what happened in a second. */
export interface Throughput {
  leastPerSecond: number;
  meanPerSecond: number;
}

export const WINDOW_MS = 30_000;
const STEP_MS = 1_000;

/** Of moments between two times: the mean, and the least in any window; a shorter time is one window. */
export function throughputOf(moments: readonly number[], from: number, to: number): Throughput {
  const sorted = moments.filter((at) => at >= from && at < to).sort((a, b) => a - b);
  const window = Math.min(WINDOW_MS, to - from);
  let least = Infinity;
  let [first, last] = [0, 0];
  for (let start = from; start + window <= to; start += STEP_MS) {
    while (first < sorted.length && sorted[first]! < start) first++;
    while (last < sorted.length && sorted[last]! < start + window) last++;
    least = Math.min(least, last - first);
  }
  const perSecond = (count: number, milliseconds: number): number =>
    Math.round((count / Math.max(1, milliseconds)) * 10_000) / 10;
  return { leastPerSecond: perSecond(least, window), meanPerSecond: perSecond(sorted.length, to - from) };
}
