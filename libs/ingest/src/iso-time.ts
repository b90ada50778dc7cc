const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/;

/** The years both stores can hold. */
const FIRST_YEAR = 1900;
const LAST_YEAR = 2299;

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || 0);
  return zone.startsWith('-') ? -minutes : minutes;
}

/** An ISO 8601 date or date and time; UTC where no zone is written. Undefined when it names no real instant. */
export function parseIsoTime(text: string): Date | undefined {
  const found = ISO.exec(text);
  if (!found) return undefined;
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction = '', zone] =
    found;
  const offset = offsetMinutes(zone);
  if (Number(year) < FIRST_YEAR || Number(year) > LAST_YEAR) return undefined;
  // A leap second is the next minute's first instant, as everywhere in POSIX time.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60 || Math.abs(offset) > 18 * 60)
    return undefined;
  const midnight = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (midnight.getUTCMonth() !== Number(month) - 1 || midnight.getUTCDate() !== Number(day)) return undefined;
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3));
  const ofDay = ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * 1000 + milliseconds;
  return new Date(midnight.getTime() + ofDay);
}
