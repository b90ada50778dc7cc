export interface BenchOptions {
  /** What the bench calls its size; each has its own default. */
  size?: number;
  /** Finish within 60 seconds. */
  quick: boolean;
}

export interface BenchResult {
  /** Ours over the limit or peer: more is better, unless a name says otherwise. */
  metrics: Record<string, number>;
  size: number;
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

/** The middle of an odd number of values, the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The value at a share of an ascending list, rounded. */
export const quantile = (sorted: readonly number[], share: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
