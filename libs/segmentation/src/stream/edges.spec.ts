import { LOOKUPS, NOW } from '../compile/arbitraries';
import type { Subject } from '../compile/reference-evaluator';
import { follow, parsed, planFor } from './arrival';

const [HOUR, DAY] = [3_600_000, 86_400_000];
const T = NOW.getTime();
const around = (...moments: number[]): number[] => moments.flatMap((at) => [at - 1, at, at + 1]);
const event = (name: string, at: number, properties: Record<string, unknown> = {}) => ({
  name,
  at,
  properties,
});
const orders = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'];

/** Every edge there is, one millisecond to either side, instead of those that chance finds. */
describe('the edges of the language, as time passes', () => {
  /** Of each person alone, whatever its answers are: they are the plain evaluator's, at each moment. */
  function agree(
    conditions: readonly object[],
    persons: readonly Partial<Subject>[],
    times: readonly number[],
  ): void {
    const definitions = conditions.map(parsed);
    const plan = planFor(definitions);
    const [start = T, ...later] = [...new Set(times)].sort((a, b) => a - b);
    const moved = persons.map((person, index) => {
      const subject = {
        person: index + 1,
        traits: {},
        identities: [],
        accounts: [],
        lists: [],
        lookups: LOOKUPS,
        consent: {},
        events: [],
        ...person,
      };
      return follow(plan, definitions, subject, subject.events, later, start);
    });
    expect(moved.filter(Boolean).length).toBeGreaterThan(persons.length / 4);
  }

  it('windows, periods, first and last', () => {
    const lone = around(T, T - DAY, T - 2 * DAY).map((at) => [at]);
    const pairs = lone.flatMap(([one = 0]) => around(T - DAY, T - 2 * DAY).map((two) => [one, two]));
    const windows = [
      { last: '1d' },
      { last: '2d' },
      { from: { ago: '2d' }, to: { ago: '1d' } },
      { to: { ago: '1d' } },
      { from: { ago: '1d' }, to: { ahead: '1d' } },
      { from: '2026-06-14T12:00:00Z' },
      { to: '2026-06-14T12:00:00Z' },
    ];
    const bought = (rest: object): object => ({ event: { name: 'A', ...rest } });
    const conditions = [
      ...windows.flatMap((within) => [bought({ within }), bought({ within, op: 'gte', value: 2 })]),
      ...windows.map((firstWithin) => bought({ firstWithin })),
      ...orders.flatMap((op) =>
        ['first', 'last'].map((measure) => bought({ measure, op, value: { ago: '1d' } })),
      ),
      bought({ within: { last: '2d' }, every: '1d' }),
      bought({ within: { from: { ago: '3d' }, to: { ago: '1d' } }, every: '1d', op: 'lt', value: 2 }),
    ];
    const persons = [...lone, ...pairs].map((times) => ({ events: times.map((at) => event('A', at)) }));
    agree(conditions, persons, [T + 1, ...around(T + DAY, T + 2 * DAY, T + 3 * DAY), T + DAY + 2]);
  });

  it('events folded into totals, those on the line and late ones among them', () => {
    const many = Array.from({ length: 20 }, (_, index) => around(T - DAY, T - 2 * DAY)[index % 6]!);
    const late = [...around(T - DAY), T - 3 * DAY, ...around(T - 2 * DAY)];
    const persons = [many, [...many].reverse(), [...many, ...many, ...late]].map((times) => ({
      events: [...times, ...times, ...late].map((at, index) => event('A', at, { n: (index % 7) + 1 })),
    }));
    const windows = [
      {},
      { within: { last: '1d' } },
      { within: { last: '2d' } },
      { within: { to: { ago: '1d' } } },
    ];
    const measures = ['count', { sum: 'n' }, { max: 'n' }, { avg: 'n' }];
    // Each with a slot of its own, so that none is kept for another's sake.
    const conditions = windows.flatMap((window, one) =>
      measures.flatMap((measure, two) =>
        [1, 3, 20, 43, 44, 60].map((value) => ({
          event: {
            name: 'A',
            ...window,
            measure,
            op: 'gt',
            value,
            where: [{ path: 'n', op: 'gt', value: -1 - 100 * one - 10 * two }],
          },
        })),
      ),
    );
    agree(conditions, persons, around(T, T + DAY, T + 2 * DAY));
  });

  it('steps of sequences, ties and gaps', () => {
    const second = around(T, T + HOUR);
    const third = around(T, T + HOUR, T + 2 * HOUR);
    const chains = second.flatMap((b) => third.map((c) => [event('A', T), event('B', b), event('C', c)]));
    const persons = chains.flatMap((events) => [
      { events },
      { events: events.slice(0, 2) },
      { events: [...events, event('A', T + HOUR), event('B', T + 1)] },
    ]);
    const gaps = [undefined, '1h', '3601s'];
    const step = (name: string, gap?: string, presence = 'present'): object => ({
      [presence]: { name },
      ...(gap && { gap }),
    });
    const sequence = (...then: object[]): object => ({ sequence: { first: { name: 'A' }, then } });
    const conditions = gaps.flatMap((one) => [
      sequence(step('B', one)),
      sequence(step('B', one, 'absent')),
      ...gaps.flatMap((two) => [
        sequence(step('B', one), step('C', two)),
        sequence(step('B', one), step('C', two, 'absent')),
      ]),
      { sequence: { first: { name: 'A', within: { last: '2h' } }, then: [step('B', one, 'absent')] } },
    ]);
    agree(conditions, persons, around(T + 1, T + HOUR, T + 2 * HOUR, T + 3 * HOUR));
  });

  it('dates that move, in traits and in properties of events', () => {
    const dates = [
      ...around(T, T - DAY, T + DAY).map((at) => new Date(at).toISOString()),
      '2026-06-15',
      'soon',
    ];
    const tests = orders.flatMap((op) =>
      [{ ago: '1d' }, { ahead: '1d' }].map((value) => ({ path: 'seen', op, value })),
    );
    const conditions = tests.flatMap((test) => [
      { trait: test },
      { event: { name: 'A', where: [test] } },
      {
        event: {
          name: 'A',
          where: [test, { path: 'n', op: 'gte', value: 1 }],
          measure: { sum: 'n' },
          op: 'gt',
          value: 1,
        },
      },
      { sequence: { first: { name: 'A', where: [test] }, then: { absent: { name: 'B', where: [test] } } } },
    ]);
    const persons = dates.map((seen, index) => ({
      traits: { seen },
      events: [
        event('A', T - HOUR, { seen, n: 1 }),
        event('A', T - 2 * HOUR, { seen: dates[index - 1], n: 2 }),
        event('B', T - HOUR / 2, { seen: dates[index + 1] }),
      ],
    }));
    agree(conditions, persons, around(T, T + DAY, T + 2 * DAY));
  });

  it('values of every type: exact numbers, texts by code points, distinct by type', () => {
    const large = ['12345678901234567890.000000001', '12345678901234567890.000000002'];
    const lists = [
      [1, '1', true, 'true', 1.0],
      [0.1, 0.2],
      [1, 2, 2],
      ['\u{1F600}', '\uFFFD'],
      ['\uFFFD', '\u{1F600}a', 'a', 'A', 'é'],
      [19.99, 19.99, 1e15],
      [150.000000001, -2.5],
    ];
    const numbers = [
      1,
      2,
      0.3,
      { decimal: '1.666666666' },
      { decimal: '1.666666667' },
      { decimal: '150.000000001' },
    ];
    const measured = ['sum', 'min', 'max', 'avg', 'distinct'].flatMap((of) =>
      orders.flatMap((op) =>
        [...numbers, ...large.map((decimal) => ({ decimal }))].map((value) => ({
          event: { name: 'A', measure: { [of]: 'v' }, op, value },
        })),
      ),
    );
    const texts = ['\u{1F600}', '\uFFFD', 'a', '1', 'true'].flatMap((value) =>
      orders.map((op) => ({ event: { name: 'A', where: [{ path: 'v', op, value }] } })),
    );
    const exact = large.flatMap((decimal) =>
      orders.map((op) => ({ trait: { path: 'n', op, value: { decimal } } })),
    );
    const persons = lists.map((values) => ({
      traits: { n: 12_345_678_901_234_567_000 },
      events: values.map((v, index) => event('A', T - index, { v })),
    }));
    agree([...measured, ...texts, ...exact], persons, [T + 1, T + DAY]);
  });

  it('a denial of channel or topic before any grant', () => {
    const states = [undefined, 'granted', 'denied'] as const;
    const persons = states.flatMap((all) =>
      states.map((news) => ({
        consent: { email: { ...(all && { '*': all }), ...(news && { news }) } },
        events: [event('A', T)],
      })),
    );
    const conditions = ['granted', 'denied', 'unknown'].flatMap((is) =>
      [undefined, 'news', '*'].map((topic) => ({
        consent: { channel: 'email', ...(topic && { topic }), is },
      })),
    );
    agree([...conditions, { event: { name: 'A' } }], persons, [T + 1]);
  });

  it.each(['2026-02-26', '2027-12-30', '2028-02-27'])('anniversaries by the local day, from %s on', (day) => {
    const start = Date.parse(`${day}T00:00:00Z`);
    const born = ['2000-02-28', '2000-02-29', '2001-03-01', '1999-12-31', '1990-01-01', '2004-02-27'];
    const zones = [undefined, 'Pacific/Kiritimati', 'Pacific/Niue', 'Asia/Kathmandu', 'nowhere'];
    const persons = born.flatMap((date) =>
      zones.map((zone) => ({ traits: { born: date, ...(zone && { zone }) } })),
    );
    const spans = [
      [0, 0],
      [1, 1],
      [0, 2],
      [364, 366],
    ] as const;
    const conditions = spans.flatMap(([from, to]) =>
      [undefined, 'America/New_York', { trait: 'zone' }].map((zone) => ({
        calendar: { path: 'born', in: { from, to }, ...(zone && { zone }) },
      })),
    );
    // Midnights of these zones, in UTC.
    const midnights = [0, 10, 11, 18.25, 5].map((hour) => hour * HOUR);
    const days = Array.from({ length: 4 }, (_, index) => start + index * DAY);
    agree(
      conditions,
      persons,
      days.flatMap((at) => midnights.flatMap((midnight) => around(at + midnight))),
    );
  });
});
