/**
 * What counts as a date, here and (as the same pattern) in ClickHouse: RFC 3339 with a zone, or a day alone, which is
 * its midnight in UTC; years 1901 to 2298.
 */
export const DATE_PATTERN =
  '^(190[1-9]|19[1-9][0-9]|2[01][0-9][0-9]|22[0-8][0-9]|229[0-8])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])' +
  '(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9]))?$';

const DATE = new RegExp(DATE_PATTERN);
const MINUTE_MS = 60_000;

/** Unix milliseconds of a date, what is finer cut off; undefined when it is none, or a day the calendar lacks. */
export function parseDate(text: string): number | undefined {
  if (!DATE.test(text)) return undefined;
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10)];
  if (day > daysOf(year, month)) return undefined;
  const midnight = Date.UTC(year, month - 1, day);
  if (text.length === 10) return midnight;
  const time = (digits(text, 11, 13) * 60 + digits(text, 14, 16)) * MINUTE_MS + digits(text, 17, 19) * 1000;
  const { length } = text;
  const zoneAt = text.endsWith('Z') ? length - 1 : length - 6;
  const finer = zoneAt > 20 ? digits(text, 20, Math.min(zoneAt, 23)) * 10 ** Math.max(0, 23 - zoneAt) : 0;
  return midnight + time + finer - offsetOf(text, zoneAt);
}

/** Milliseconds that the zone written at a place is ahead of UTC. */
function offsetOf(text: string, at: number): number {
  if (text[at] === 'Z') return 0;
  const minutes = digits(text, at + 1, at + 3) * 60 + digits(text, at + 4, at + 6);
  return (text[at] === '-' ? -minutes : minutes) * MINUTE_MS;
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index++) value = value * 10 + text.charCodeAt(index) - 48;
  return value;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
