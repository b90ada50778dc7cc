/**
 * Exponential with full jitter's upper half: spread enough that rows of one outage do not return together, never
 * shorter than half the step. `attempt` counts from 1.
 */
export function backoffMs(
  attempt: number,
  options: { backoffMs: number; maxBackoffMs: number },
  random: () => number,
): number {
  const step = Math.min(
    options.maxBackoffMs,
    options.backoffMs * 2 ** Math.min(30, Math.max(0, attempt - 1)),
  );
  return Math.round(step / 2 + (random() * step) / 2);
}
