/** Behind by more than this is an outage. */
export const OUTAGE_MS = 5 * 60_000;

/**
 * The moment at which a step acts that was moved at `logical` and is taken up `now`: the moment of what moved it, so that
 * one that is a little behind does what one that is not would have done; after an outage now, so that nobody gets
 * yesterday's reminder and today's in one minute. Unix milliseconds.
 */
export const momentOf = (logical: number, now: number): number => (now - logical > OUTAGE_MS ? now : logical);

/** So many milliseconds as they pass for a marked profile, which is `speed` times faster; never none. */
export const shortened = (ms: number, speed: number): number => Math.max(1, Math.ceil(ms / speed));

/**
 * Puts what happened to one person into the one order in which it is taken up. Each stream (events, changes of audiences,
 * verdicts …) keeps its own order, that of its log; between streams it is by moment, at one moment the earlier stream
 * first. Moments that ran backwards within a stream, as those of several servers' clocks may, are given as the latest
 * before them. What is due is the first stream: who waited until a moment no longer waits when something happens at it.
 */
export function orderStimuli<T extends { at: number }>(streams: readonly (readonly T[])[]): T[] {
  // Sorting is stable.
  return streams.flatMap(runForward).sort((a, b) => a.at - b.at);
}

function runForward<T extends { at: number }>(stream: readonly T[]): T[] {
  let latest = -Infinity;
  return stream.map((one) => {
    latest = Math.max(latest, one.at);
    return one.at === latest ? one : { ...one, at: latest };
  });
}
