/** mulberry32 over an FNV-1a hash of the seed: small, fast, and the same everywhere. */
export function seededRandom(seed: string): () => number {
  let state = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SystemDate = Date;
const bound: { ms: number; seed: string; draw?: () => number } = { ms: 0, seed: '' };

class BoundDate extends SystemDate {
  constructor(...parts: unknown[]) {
    super(...((parts.length === 0 ? [bound.ms] : parts) as [number]));
  }
}

/**
 * JSONata reads `new Date()` and `Math.random()`. This process evaluates one row at a time and nothing else, so they
 * are bound to the row here; `Date.now()` stays real, since JSONata's time limit runs on it.
 */
export function bindRow(seed: string, atMs: number): void {
  bound.ms = atMs;
  bound.seed = seed;
  bound.draw = undefined;
  if (Math.random === drawBound) return;
  globalThis.Date = BoundDate as DateConstructor;
  Math.random = drawBound;
}

// Few rows draw: the hash of a seed is worth the wait.
function drawBound(): number {
  bound.draw ??= seededRandom(bound.seed);
  return bound.draw();
}
