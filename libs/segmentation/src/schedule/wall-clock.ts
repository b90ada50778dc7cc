const HOUR_MS = 3_600_000;
/** Clocks are at most so far behind and ahead of UTC. */
const BEHIND_MS = 14 * HOUR_MS;
const AHEAD_MS = 16 * HOUR_MS;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

/** What a clock on the wall of `zone` shows at an instant, as if it were UTC. Both in milliseconds. */
export function wallTime(zone: string, instant: number): number {
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatOf(zone).formatToParts(instant)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  const millisecond = ((instant % 1000) + 1000) % 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
}

/**
 * The first instant at which that clock shows `wall` or later: a time that exists twice is its first, one that a clock
 * change leaves out is the moment of the change.
 */
export function firstInstant(zone: string, wall: number): number {
  const before = wall - offset(zone, wall - AHEAD_MS);
  if (wallTime(zone, before) === wall) return before;
  const after = wall - offset(zone, wall + BEHIND_MS);
  if (wallTime(zone, after) === wall) return after;
  // Left out: the clock jumps over it between these two.
  let [early, late] = [Math.min(before, after), Math.max(before, after)];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (wallTime(zone, middle) >= wall) late = middle;
    else early = middle;
  }
  return late;
}

const offset = (zone: string, instant: number): number => wallTime(zone, instant) - instant;
