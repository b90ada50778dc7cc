import type { Mistakes } from '@percorso/segmentation';

export const OFFSET = '^(?!$)(\\d{1,9}w)?(\\d{1,9}d)?(\\d{1,9}h)?(\\d{1,9}m)?(\\d{1,9}s)?$';

const PATTERN = new RegExp(OFFSET);
const UNITS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const;
const ORDER = Object.entries(UNITS);
/** A hundred years, as of durations. */
const LONGEST = 36_525 * UNITS.d;

/** Milliseconds of `1d20m`: a length of time, which may be none (`0s`). */
export function parseOffset(text: string): number | undefined {
  const parts = PATTERN.exec(text)?.slice(1);
  if (!parts) return undefined;
  const ms = parts.reduce((sum, part, index) => sum + parseInt(part ?? '0', 10) * ORDER[index]![1], 0);
  return ms <= LONGEST ? ms : undefined;
}

/** The shortest text that `parseOffset` reads as this; what is less than a second follows as such. */
export function formatOffset(ms: number): string {
  let rest = Math.abs(ms);
  let text = '';
  for (const [unit, length] of ORDER.slice(1)) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) text += `${count}${unit}`;
  }
  if (rest > 0) text += `${rest}ms`;
  return `${ms < 0 ? '-' : ''}${text || '0s'}`;
}

export const OFFSET_WORDS = "a length of time such as '20m', '1d20m' or '0s'";

export function readOffset(value: unknown, pointer: string, mistakes: Mistakes): number | undefined {
  const ms = typeof value === 'string' ? parseOffset(value) : undefined;
  if (ms !== undefined) return ms;
  const code = value === undefined ? 'required' : 'duration';
  return mistakes.add(pointer, code, `must be ${OFFSET_WORDS}`);
}
