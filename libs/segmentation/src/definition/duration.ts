const SHORT = /^(\d{1,9})(s|m|h|d|w)$/;
const ISO = /^P(?!$)(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?!$)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/;

const UNIT = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
/** Longer windows cannot be told from no window at all. */
const LONGEST = 36_525 * UNIT.d;

/**
 * Milliseconds of '30d' or 'P30D' (weeks, days, hours, minutes, seconds; a day is 24 hours); undefined for anything
 * else, for zero and for more than 100 years. Months and years have no fixed length and are refused.
 */
export function parseDuration(text: string): number | undefined {
  const short = SHORT.exec(text);
  if (short) return bounded(Number(short[1]) * UNIT[short[2] as keyof typeof UNIT]);
  const iso = ISO.exec(text);
  if (!iso) return undefined;
  const [w, d, h, m, s] = iso.slice(1).map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return bounded(w * UNIT.w + d * UNIT.d + h * UNIT.h + m * UNIT.m + s * UNIT.s);
}

const bounded = (ms: number): number | undefined => (ms > 0 && ms <= LONGEST ? ms : undefined);
