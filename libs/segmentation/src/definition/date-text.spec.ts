import fc from 'fast-check';
import { parseDate } from './date-text';

const SEED = Number(process.env.PERCORSO_SEED);
const number = (from: number, to: number, digits = 2): fc.Arbitrary<string> =>
  fc.integer({ min: from, max: to }).map((value) => String(value).padStart(digits, '0'));
const days = fc.tuple(number(1899, 2300, 4), number(0, 13), number(0, 32)).map((parts) => parts.join('-'));
const times = fc
  .tuple(
    number(0, 24),
    number(0, 60),
    number(0, 60),
    fc.oneof(
      fc.constant(''),
      fc.stringMatching(/^[0-9]{1,10}$/).map((digits) => `.${digits}`),
    ),
    fc.oneof(
      fc.constantFrom('Z', 'z', '', '+14:59', '-00:00', '+15:00'),
      fc.tuple(fc.constantFrom('+', '-'), number(0, 14), number(0, 59)).map(([s, h, m]) => `${s}${h}:${m}`),
    ),
  )
  .map(([hour, minute, second, finer, zone]) => `T${hour}:${minute}:${second}${finer}${zone}`);

/** The same from what the platform knows of dates, cut to milliseconds. */
function wanted(text: string): number | undefined {
  const [, year, , , time, finer = '', zone] =
    /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-](?:0\d|1[0-4]):[0-5]\d))?$/.exec(
      text,
    ) ?? [];
  if (!year || year < '1901' || year > '2298' || time?.startsWith('24')) return undefined;
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text.slice(0, 10)) return undefined;
  const at = Date.parse(
    time ? `${text.slice(0, 10)}T${time}.${finer.padEnd(3, '0').slice(0, 3)}${zone}` : text,
  );
  return Number.isNaN(at) ? undefined : at;
}

describe('parseDate', () => {
  it(`tells dates from other texts, and their milliseconds (seed ${SEED})`, () => {
    let dates = 0;
    fc.assert(
      fc.property(days, fc.option(times), (day, time) => {
        const text = `${day}${time ?? ''}`;
        const found = parseDate(text);
        if (found !== undefined) dates += 1;
        expect({ text, found }).toEqual({ text, found: wanted(text) });
      }),
      { seed: SEED, numRuns: 3000 },
    );
    expect(dates).toBeGreaterThan(600);
  });

  it.each([
    '',
    '2026',
    '2026-06-15 ',
    ' 2026-06-15',
    '2026-06-15T12:00Z',
    '2026-06-15T12:00:00',
    '2026-6-15',
  ])('%p is none', (text) => expect(parseDate(text)).toBeUndefined());
});
