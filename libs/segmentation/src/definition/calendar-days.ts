import { ZONE_NAMES } from './zone-names';

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  formats.set(zone, format);
  return format;
}

/** The day it is in `zone` at `now`, YYYY-MM-DD. */
export function localDay(zone: string, now: Date): string {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  );
  return `${parts.get('year') ?? ''}-${parts.get('month') ?? ''}-${parts.get('day') ?? ''}`;
}

/** Every IANA zone under the day it is there at `now`: two days, or three around noon in UTC. */
export function zonesByDay(now: Date): Map<string, string[]> {
  const days = new Map<string, string[]>();
  for (const zone of ZONE_NAMES) {
    const day = localDay(zone, now);
    const zones = days.get(day);
    if (zones) zones.push(zone);
    else days.set(day, [zone]);
  }
  return days;
}

/** MM-DD of what has its anniversary from `from` to `to` days after `today`; 29 February is kept on the 28th at need. */
export function anniversaries(today: string, from: number, to: number): string[] {
  const start = Date.parse(`${today}T00:00:00Z`);
  const found = new Set<string>();
  for (let days = from; days <= to; days++) {
    const day = new Date(start + days * DAY);
    const text = day.toISOString().slice(5, 10);
    found.add(text);
    if (text === '02-28' && new Date(day.getTime() + DAY).getUTCDate() === 1) found.add('02-29');
  }
  return [...found];
}
