/** Unix milliseconds, `to` not included. */
export interface Outage {
  from: number;
  to: number;
}

/** How long of `span` was outside of all outages, which may overlap. */
export function beyond(span: Outage, outages: readonly Outage[]): number {
  let left = span.to - span.from;
  let counted = span.from;
  for (const { from, to } of [...outages].sort((a, b) => a.from - b.from)) {
    const [begin, end] = [Math.max(from, counted), Math.min(to, span.to)];
    if (end <= begin) continue;
    left -= end - begin;
    counted = end;
  }
  return left;
}

/** The value that the part `part` (0 to 1) of all does not exceed. */
export function percentile(all: readonly number[], part: number): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]!;
}
