import { firstInstant, wallTime } from '@percorso/segmentation';
import type { LocalTime } from '../definition/definition';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Some day of the week exists among these, even where a zone once left one out. */
const DAYS_AHEAD = 15;

/**
 * The first instant after `after`, never `after` itself, at which a clock on the wall of `zone` shows the time on one of
 * the weekdays (1 Monday to 7 Sunday). Where clocks are put forward over the time it is the moment of the change; where
 * they are put back and show it twice it is the first. All in Unix milliseconds.
 */
export function nextLocalTime(
  zone: string,
  time: LocalTime,
  weekdays: readonly number[],
  after: number,
): number {
  const today = Math.floor(wallTime(zone, after) / DAY_MS);
  for (let day = today; day <= today + DAYS_AHEAD; day++) {
    if (!weekdays.includes(weekdayOf(day))) continue;
    const instant = firstInstant(zone, day * DAY_MS + (time.hour * 60 + time.minute) * MINUTE_MS);
    if (instant > after && exists(zone, day, instant)) return instant;
  }
  throw new RangeError(`no such time in ${zone}: weekdays ${weekdays.join()}`);
}

/** Of a day since 1970: 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;

/** Zones that crossed the date line have no such day at all. */
function exists(zone: string, day: number, instant: number): boolean {
  if (wallTime(zone, instant) < (day + 1) * DAY_MS) return true;
  return wallTime(zone, firstInstant(zone, day * DAY_MS)) < (day + 1) * DAY_MS;
}
