import { IANAZone } from 'luxon';
import { nextLocalTime } from './local-time';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const FROM = Date.UTC(2026, 0, 1);
const TO = Date.UTC(2028, 0, 1);

/** Of all kinds: north and south, none, half an hour, near midnight, changes by decree, a month of winter in Ramadan. */
const ZONES = [
  ...['Europe/Rome', 'Europe/London', 'Europe/Dublin', 'Europe/Lisbon', 'Europe/Athens', 'Europe/Chisinau'],
  ...['Europe/Istanbul', 'Europe/Moscow', 'Atlantic/Azores', 'America/New_York', 'America/Chicago'],
  ...['America/Denver', 'America/Phoenix', 'America/Los_Angeles', 'America/St_Johns', 'America/Halifax'],
  ...['America/Havana', 'America/Nuuk', 'America/Scoresbysund', 'America/Sao_Paulo', 'America/Santiago'],
  ...['America/Asuncion', 'America/Mexico_City', 'America/Tijuana', 'Pacific/Easter', 'Africa/Cairo'],
  ...['Africa/Casablanca', 'Africa/El_Aaiun', 'Asia/Gaza', 'Asia/Hebron', 'Asia/Jerusalem', 'Asia/Beirut'],
  ...['Asia/Kolkata', 'Asia/Kathmandu', 'Asia/Tokyo', 'Australia/Lord_Howe', 'Australia/Adelaide'],
  ...[
    'Australia/Sydney',
    'Pacific/Auckland',
    'Pacific/Chatham',
    'Antarctica/Troll',
    'Pacific/Norfolk',
    'UTC',
  ],
];

const rome = (
  text: string,
  time: [number, number],
  weekdays: readonly number[] = EVERY_DAY,
  zone = 'Europe/Rome',
): string => {
  const [hour, minute] = time;
  return new Date(nextLocalTime(zone, { hour, minute }, weekdays, Date.parse(text))).toISOString();
};

describe('the next time that clocks show', () => {
  it('is later than the moment it is looked for, if only by a millisecond', () => {
    expect(rome('2026-11-25T07:59:59.999Z', [9, 0])).toBe('2026-11-25T08:00:00.000Z');
    expect(rome('2026-11-25T08:00:00.000Z', [9, 0])).toBe('2026-11-26T08:00:00.000Z');
  });

  it('falls on one of the weekdays, as the zone has them', () => {
    expect(rome('2026-11-25T12:00:00Z', [9, 0], [1, 6])).toBe('2026-11-28T08:00:00.000Z');
    expect(rome('2026-11-25T12:00:00Z', [9, 0], [3])).toBe('2026-12-02T08:00:00.000Z');
    // Saturday begins there while it is Friday here.
    expect(rome('2026-11-26T12:00:00Z', [0, 30], [6], 'Pacific/Kiritimati')).toBe('2026-11-27T10:30:00.000Z');
  });

  it('is the moment of the change where clocks leave it out, and the first where they show it twice', () => {
    expect(rome('2026-03-28T12:00:00Z', [2, 30])).toBe('2026-03-29T01:00:00.000Z');
    expect(rome('2026-03-29T01:00:00Z', [2, 30])).toBe('2026-03-30T00:30:00.000Z');
    expect(rome('2026-10-24T12:00:00Z', [2, 30])).toBe('2026-10-25T00:30:00.000Z');
    expect(rome('2026-10-25T00:45:00Z', [2, 30])).toBe('2026-10-26T01:30:00.000Z');
  });

  it('skips a day that a zone left out', () => {
    expect(rome('2011-12-29T20:00:00Z', [9, 0], EVERY_DAY, 'Pacific/Apia')).toBe('2011-12-30T19:00:00.000Z');
    expect(rome('2011-12-29T20:00:00Z', [9, 0], [5], 'Pacific/Apia')).toBe('2012-01-05T19:00:00.000Z');
  });

  it.each(ZONES)('is right around every change of clocks of 2026 and 2027 in %s', (zone) => {
    const wrong: unknown[] = [];
    for (const change of changes(zone)) {
      const clock = new WatchedClock(zone, change - 27 * HOUR, change + 30 * HOUR);
      for (const minutes of timesAround(zone, change)) {
        const time = { hour: Math.floor(minutes / 60), minute: minutes % 60 };
        for (const away of [-26 * HOUR, -90 * MINUTE, -1, 0, 1, 20 * MINUTE, 3 * HOUR]) {
          const expected = clock.next(minutes, change + away);
          const found = nextLocalTime(zone, time, EVERY_DAY, change + away);
          if (found !== expected) wrong.push({ change, time, away, found, expected });
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('has met changes of every kind', () => {
    const counts = new Map(ZONES.map((zone) => [zone, changes(zone).length]));
    expect(counts.size).toBeGreaterThanOrEqual(40);
    expect(counts.get('Africa/Casablanca')).toBeGreaterThanOrEqual(4);
    expect(counts.get('Asia/Gaza')).toBeGreaterThanOrEqual(4);
    expect(counts.get('Asia/Tokyo')).toBe(0);
    expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(100);
  });
});

const offsetAt = (zone: string, at: number): number => IANAZone.create(zone).offset(at);

const found = new Map<string, number[]>();

/** Every moment at which the zone's clocks change. */
function changes(zone: string): number[] {
  const known = found.get(zone);
  if (known) return known;
  const moments: number[] = [];
  let offset = offsetAt(zone, FROM);
  for (let day = FROM; day < TO; day += DAY) {
    const next = offsetAt(zone, day + DAY);
    if (next === offset) continue;
    let [before, after] = [day, day + DAY];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetAt(zone, middle) === offset) before = middle;
      else after = middle;
    }
    moments.push(after);
    offset = next;
  }
  found.set(zone, moments);
  return moments;
}

/** Minutes of the day: before, in and after what the change leaves out or repeats, at its edges, and far from it. */
function timesAround(zone: string, change: number): number[] {
  const edges = [change, change - 1].map((at) => minutesOf(at + offsetAt(zone, at) * MINUTE));
  const around = edges.flatMap((edge) => [-61, -30, -1, 0, 1, 15, 30, 59].map((by) => edge + by));
  return [...new Set([...around, 0, 9 * 60, 23 * 60 + 59].map((minutes) => (minutes + 1440) % 1440))];
}

const minutesOf = (wall: number): number => Math.floor(wall / MINUTE) % 1440;

/** Clocks change at whole quarters of an hour. */
const QUARTER = 15 * MINUTE;

/** Somebody who looks at the clock every minute, day and night, and writes down what it shows. */
class WatchedClock {
  private readonly seen: { at: number; shown: number }[] = [];

  constructor(zone: string, from: number, to: number) {
    for (let quarter = from; quarter < to; quarter += QUARTER) {
      const offset = offsetAt(zone, quarter);
      for (let at = quarter; at < quarter + QUARTER; at += MINUTE)
        this.seen.push({ at, shown: at / MINUTE + offset });
    }
  }

  /** The first look, later than `after`, at which some day's time came or had just been jumped over. */
  next(minutes: number, after: number): number {
    let reached = -Infinity;
    for (const { at, shown } of this.seen) {
      if (shown <= reached) continue;
      // Of all days' times, the last that the clock has reached.
      const latest = Math.floor((shown - minutes) / 1440) * 1440 + minutes;
      if (latest > reached && reached !== -Infinity && at > after) return at;
      reached = shown;
    }
    throw new RangeError('not within these days');
  }
}
