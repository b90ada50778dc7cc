import fc from 'fast-check';
import { ZONE_NAMES } from '../definition/zone-names';
import { cronMistake, nextRun } from './cron';

const SEED = Number(process.env.PERCORSO_SEED);
const CASES = Number(process.env.PERCORSO_CASES ?? 300);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const runs = (cron: string, zone: string, after: string, count: number): string[] => {
  const found: string[] = [];
  for (let at = new Date(after); found.length < count; found.push(at.toISOString()))
    at = nextRun(cron, zone, at);
  return found.map((at) => at.replace(':00.000Z', 'Z'));
};

describe('a cron', () => {
  it('goes by the clock of its zone', () => {
    expect(runs('0 6 * * 1-5', 'Europe/Rome', '2026-06-19T03:00:00Z', 3)).toEqual([
      '2026-06-19T04:00Z',
      '2026-06-22T04:00Z',
      '2026-06-23T04:00Z',
    ]);
    expect(runs('30 0 1 jan,jul *', 'Asia/Kathmandu', '2026-01-01T00:00:00Z', 2)).toEqual([
      '2026-06-30T18:45Z',
      '2026-12-31T18:45Z',
    ]);
  });

  it('runs what a clock change leaves out once, right after it', () => {
    expect(runs('30 2 * * *', 'Europe/Rome', '2026-03-28T12:00:00Z', 3)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
      '2026-03-31T00:30Z',
    ]);
    expect(runs('*/20 2 * * *', 'Europe/Rome', '2026-03-29T00:59:59.999Z', 2)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-30T00:00Z',
    ]);
    expect(runs('*/30 * * * *', 'America/New_York', '2026-03-08T06:29:00Z', 3)).toEqual([
      '2026-03-08T06:30Z',
      '2026-03-08T07:00Z',
      '2026-03-08T07:30Z',
    ]);
    // Midnight itself is left out in Beirut, half an hour on Lord Howe Island, a whole day in Samoa.
    expect(runs('0 0 * * *', 'Asia/Beirut', '2026-03-28T12:00:00Z', 1)).toEqual(['2026-03-28T22:00Z']);
    expect(runs('10 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 1)).toEqual([
      '2026-10-03T15:30Z',
    ]);
    expect(runs('0 12 * * *', 'Pacific/Apia', '2011-12-29T20:00:00Z', 3)).toEqual([
      '2011-12-29T22:00Z',
      '2011-12-30T10:00Z',
      '2011-12-30T22:00Z',
    ]);
  });

  it('runs what comes twice once, the first time', () => {
    expect(runs('30 2 * * *', 'Europe/Rome', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
    expect(nextRun('30 2 * * *', 'Europe/Rome', new Date('2026-10-25T01:00:00Z')).toISOString()).toBe(
      '2026-10-26T01:30:00.000Z',
    );
    expect(runs('*/30 * * * *', 'Europe/Rome', '2026-10-25T00:00:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T02:00Z',
    ]);
  });

  it.each([
    ['0 6 * *', 'cron-fields', /Five fields/],
    ['0 0 6 * * *', 'cron-fields', /Five fields/],
    ['@daily', 'cron-fields', /Five fields/],
    ['2026-01-01T00:00:00', 'cron-fields', /Five fields/],
    ['60 * * * *', 'cron', /minute: 60/],
    ['0 24 * * *', 'cron', /hour: 24/],
    ['0 6 * * someday', 'cron', /./],
    ['*/0 * * * *', 'cron', /stepping/],
    ['0 0 30 2 *', 'cron-never', /no such day/],
  ])('refuses %s and says why', (cron, code, message) => {
    expect(cronMistake(cron)).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each(['* * * * *', '0 6 * * MON-FRI', '0 0 L * *', '0 0 29 2 *', '5,10-20/2 */3 1-7 * 1'])(
    'takes %s',
    (cron) => expect(cronMistake(cron)).toBeUndefined(),
  );

  it(
    `runs when the clock first shows its time or later, never before or twice (seed ${SEED})`,
    () => {
      let changes = 0;
      fc.assert(
        fc.property(arbitraryCase, ({ zone, minutes, hours, weekdays, after }) => {
          const cron = `${minutes.join(',')} ${hours.join(',')} * * ${weekdays.join(',')}`;
          const next = nextRun(cron, zone, after).getTime();
          expect(next).toBeGreaterThan(after.getTime());
          const expected = firstShown(zone, { minutes, hours, weekdays }, after.getTime());
          changes += expected.changed ? 1 : 0;
          if (expected.at === undefined) expect(next).toBeGreaterThan(after.getTime() + WATCHED_MS);
          else
            expect({ cron, zone, after, next: new Date(next) }).toEqual({
              cron,
              zone,
              after,
              next: new Date(expected.at),
            });
        }),
        { seed: SEED, numRuns: CASES, endOnFailure: true },
      );
      expect(changes).toBeGreaterThan(CASES / 10);
    },
    30_000 + CASES * 100,
  );
});

const WATCHED_MS = 30 * HOUR_MS;

interface Fields {
  minutes: number[];
  hours: number[];
  weekdays: number[];
}

/** A wall clock of its own, read the way a person would: its text, minute by minute. */
function wallClock(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  return (at) => Date.parse(`${format.format(at).replace(' ', 'T')}:00Z`);
}

/** Watches the clock from a day before; each time it shows is new only when it is later than all it has shown. */
function firstShown(zone: string, fields: Fields, after: number): { at?: number; changed: boolean } {
  const clock = wallClock(zone);
  const start = Math.floor((after - DAY_MS) / MINUTE_MS) * MINUTE_MS;
  let latest = clock(start);
  let changed = false;
  for (let at = start + MINUTE_MS; at <= after + WATCHED_MS; at += MINUTE_MS) {
    const shown = clock(at);
    changed ||= shown !== latest + MINUTE_MS;
    let matches = false;
    for (let time = latest + MINUTE_MS; time <= shown; time += MINUTE_MS)
      matches ||= isMeant(fields, new Date(time));
    if (matches && at > after) return { at, changed };
    latest = Math.max(latest, shown);
  }
  return { changed };
}

const isMeant = ({ minutes, hours, weekdays }: Fields, time: Date): boolean =>
  minutes.includes(time.getUTCMinutes()) &&
  hours.includes(time.getUTCHours()) &&
  weekdays.includes(time.getUTCDay());

const some = (max: number, maxLength: number): fc.Arbitrary<number[]> =>
  fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength });

/** Half of them within hours of a clock change of their zone, when it has one. */
const arbitraryCase = fc
  .record({
    zone: fc.constantFrom(...ZONE_NAMES),
    minutes: some(59, 4),
    hours: fc.oneof(some(23, 3), some(4, 4)),
    weekdays: fc.oneof(fc.constant<number[]>([0, 1, 2, 3, 4, 5, 6]), some(6, 5)),
    at: fc.integer({ min: Date.UTC(2007, 0), max: Date.UTC(2036, 0) }),
    nearChange: fc.boolean(),
    before: fc.integer({ min: 0, max: 8 * HOUR_MS }),
  })
  .map(({ at, nearChange, before, ...rest }) => ({
    ...rest,
    after: new Date((nearChange ? (changeAfter(rest.zone, at) ?? at) : at) - before),
  }));

function changeAfter(zone: string, from: number): number | undefined {
  const clock = wallClock(zone);
  const offset = (at: number): number =>
    clock(Math.floor(at / MINUTE_MS) * MINUTE_MS) - Math.floor(at / MINUTE_MS) * MINUTE_MS;
  for (let day = from; day < from + 400 * DAY_MS; day += DAY_MS) {
    if (offset(day) === offset(day + DAY_MS)) continue;
    let [early, late] = [day, day + DAY_MS];
    while (late - early > MINUTE_MS) {
      const middle = (early + late) / 2;
      if (offset(middle) === offset(day)) early = middle;
      else late = middle;
    }
    return Math.ceil(late / MINUTE_MS) * MINUTE_MS;
  }
  return undefined;
}
