import { localDay } from '../definition/calendar-days';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Days since 1970-01-01 of a day of the calendar; 29 February is 28 February in years that lack it. */
export function dayNumber(year: number, month: number, day: number): number {
  const kept = month === 2 && day === 29 && !isLeap(year) ? 28 : day;
  return Date.UTC(year, month - 1, kept) / DAY_MS;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** The day it is in a zone, as days since 1970-01-01. */
export const today = (zone: string, now: number): number =>
  Date.parse(`${localDay(zone, new Date(now))}T00:00:00Z`) / DAY_MS;

const starts = new Map<string, number>();
const MOST_STARTS = 10_000;

/** The first millisecond of a zone's day, Unix milliseconds: later than midnight where clocks skip it. */
export function startOfDay(zone: string, day: number): number {
  const key = `${zone} ${day}`;
  const known = starts.get(key);
  if (known !== undefined) return known;
  // Zones are from 12 hours behind to 14 hours ahead, and a day that was left out begins with the next.
  let [before, after] = [day * DAY_MS - 39 * HOUR_MS, day * DAY_MS + 15 * HOUR_MS];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (today(zone, middle) >= day) after = middle;
    else before = middle;
  }
  if (starts.size >= MOST_STARTS) starts.clear();
  starts.set(key, after);
  return after;
}
