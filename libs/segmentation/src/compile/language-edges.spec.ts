import { createHash } from 'node:crypto';
import { NOW } from './arbitraries';
import { people, type Population, SetFixture } from './set-fixture';

const DAY = 86_400_000;
const ago = (days: number, shift = 0): number => NOW.getTime() - days * DAY + shift;
const event = (name: string, at: number, properties: Record<string, unknown> = {}) => ({
  name,
  at,
  properties,
});

describe('the edges of the language', () => {
  let world: SetFixture;

  beforeAll(async () => {
    world = await SetFixture.start();
  }, 120_000);
  afterAll(() => world?.stop());

  /** How many of the population each condition finds, having agreed with the plain evaluator. */
  async function agree(
    population: Population,
    conditions: readonly object[],
    now = NOW,
    zone?: string,
  ): Promise<number[][]> {
    const answers: number[][] = [];
    for (const where of conditions) {
      const persons = await population.found(where, now, zone);
      expect({ where, now, zone, persons }).toEqual({
        where,
        now,
        zone,
        persons: population.expected(where, now, zone),
      });
      answers.push(persons);
    }
    return answers;
  }

  it('keeps anniversaries by the local day, leap days and turns of the year included', async () => {
    const dates = ['1990-01-01', '2000-02-28', '2000-02-29', '2001-03-01', '1999-12-31', '1980-06-15'];
    const zones = [
      undefined,
      'Pacific/Kiritimati',
      'Pacific/Niue',
      'Europe/Rome',
      'US/Pacific',
      'PST',
      'nowhere',
    ];
    const subjects = people(
      dates.flatMap((born) => zones.map((zone) => ({ traits: { born, ...(zone && { zone }) } }))),
    );
    const population = await world.population(subjects);
    const spans = [
      [0, 0],
      [1, 1],
      [0, 2],
      [364, 366],
      [0, 366],
    ] as const;
    const conditions = spans.flatMap(([from, to]) =>
      [undefined, 'America/New_York', { trait: 'zone' }].map((zone) => ({
        calendar: { path: 'born', in: { from, to }, ...(zone && { zone }) },
      })),
    );
    for (const now of [
      '2026-12-31T10:30:00Z',
      '2027-01-01T04:59:59.999Z',
      '2027-01-01T05:00:00Z',
      '2026-02-27T23:59:59.999Z',
      '2027-02-28T10:59:00Z',
      '2028-02-28T12:00:00Z',
      '2028-02-29T00:00:00Z',
      '2026-03-29T01:00:00Z',
    ]) {
      await agree(population, conditions, new Date(now));
      await agree(population, conditions.slice(0, 3), new Date(now), 'Asia/Kathmandu');
    }
  }, 120_000);

  it('congratulates whom the calendar says: today, in the zone that is theirs', async () => {
    const born = '1990-06-16';
    const population = await world.population(
      people([
        { traits: { born } },
        { traits: { born, zone: 'Pacific/Auckland' } },
        { traits: { born, zone: 'utc' } },
      ]),
    );
    const today = (zone?: unknown): object => ({
      calendar: { path: 'born', in: { from: 0, to: 0 }, ...(zone ? { zone } : {}) },
    });
    expect(
      await agree(population, [today(), today('Pacific/Auckland'), today({ trait: 'zone' })], NOW),
    ).toEqual([[], [1, 2, 3], [2]]);
    expect(await agree(population, [today(), today({ trait: 'zone' })], NOW, 'Asia/Tokyo')).toEqual([
      [],
      [2],
    ]);
    const evening = new Date('2026-06-15T15:00:00Z');
    expect(await agree(population, [today(), today({ trait: 'zone' })], evening, 'Asia/Tokyo')).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('holds in each period to the millisecond', async () => {
    const times = [0, 1, 2, 3].flatMap((days) => [-1, 0, 1].map((shift) => ago(days, shift)));
    const pairs = times.flatMap((one) => times.map((two) => [one, two]));
    const subjects = people(
      [[], ...pairs, [...times.slice(3, 8), ...times]].map((list) => ({
        events: list.map((at, turn) => event('A', at, { spent: turn % 2 ? 0.1 : 0.2 })),
      })),
    );
    const population = await world.population(subjects);
    const every = (rest: object): object => ({
      event: { name: 'A', within: { last: '2d' }, every: '1d', ...rest },
    });
    const orders = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'];
    const answers = await agree(population, [
      every({}),
      every({ within: { last: '3d' } }),
      every({ within: { from: { ago: '3d' }, to: { ago: '1d' } } }),
      ...orders.flatMap((op) => [0, 1, 2].map((value) => every({ op, value }))),
      ...orders.flatMap((op) =>
        [0, 0.2, 0.3].map((value) => every({ measure: { sum: 'spent' }, op, value })),
      ),
    ]);
    expect(new Set(answers.map((persons) => persons.length)).size).toBeGreaterThan(5);
    // One millisecond before the end of either day is in it, the end itself is not.
    const [daily] = answers;
    const both = subjects.filter(
      ({ events }) =>
        events.some(({ at }) => at === ago(0, -1)) && events.some(({ at }) => at === ago(1, -1)),
    );
    expect(both.every(({ person }) => daily?.includes(person))).toBe(true);
  }, 120_000);

  it('walks every chain of steps, ties and gaps to the millisecond', async () => {
    const times = [0, 1, 2].flatMap((hours) => [-1, 0, 1].map((shift) => ago(1, hours * 3_600_000 + shift)));
    const chains = times.flatMap((b) =>
      times.map((c) => [event('A', times[1] ?? 0), event('B', b), event('C', c)]),
    );
    const more = chains.map((chain, turn) => [
      ...chain,
      event('B', times[turn % 9] ?? 0),
      event('A', times[(turn * 7) % 9] ?? 0),
    ]);
    const population = await world.population(people([...chains, ...more].map((events) => ({ events }))));
    const gaps = [undefined, '1h', '3601s', '25h'];
    const step = (name: string, gap?: string, presence = 'present'): object => ({
      [presence]: { name },
      ...(gap && { gap }),
    });
    const sequence = (...then: object[]): object => ({ sequence: { first: { name: 'A' }, then } });
    const conditions = gaps.flatMap((one) =>
      gaps.flatMap((two) => [
        sequence(step('B', one), step('C', two)),
        sequence(step('B', one), step('C', two, 'absent')),
        sequence(step('B', one), step('B', two), step('A', one)),
      ]),
    );
    const answers = await agree(population, conditions);
    expect(new Set(answers.map((persons) => persons.join())).size).toBeGreaterThan(12);
  }, 120_000);

  it('tells values of lists and distinct values apart by type', async () => {
    const lists = [
      ['1'],
      [1],
      [true],
      ['true'],
      [0.1, 0.2],
      [[1]],
      [null],
      '["1"]',
      '1',
      1,
      [1.0000000001],
      [],
    ];
    const population = await world.population(
      people(
        lists.map((tags) => ({
          traits: { tags },
          events: [event('A', ago(1), { tags }), event('A', ago(2), { tags: 1 }), event('A', ago(2), {})],
        })),
      ),
    );
    const includes = (value: unknown): object => ({ trait: { path: 'tags', op: 'includes', value } });
    const distinct = { event: { name: 'A', measure: { distinct: 'tags' }, op: 'eq', value: 1 } };
    const answers = await agree(population, [
      includes('1'),
      includes(1),
      includes(true),
      includes({ decimal: '0.10' }),
      { event: { name: 'A', where: [{ path: 'tags', op: 'includes', value: 1 }] } },
      distinct,
    ]);
    // A tenth digit after the point is rounded away, as everywhere.
    expect(answers).toEqual([[1], [2, 11], [3], [5], [2, 11], [10]]);
  });

  it('reads the lists of events that were loaded before there was a column for them', async () => {
    const properties = { tags: ['a"b', 1, '1', true, 0.1, null, ['x']], text: '["a"]', in: { side: [2] } };
    const population = await world.population(people([{}]));
    await world.clickhouse.insert({
      table: 'percorso.event',
      format: 'JSONEachRow',
      values: [
        {
          workspace_id: population.workspaceId,
          name: 'Old',
          node: 1,
          occurred_at: NOW.toISOString(),
          received_at: NOW.toISOString(),
          pos: 0,
          strings: { tags: JSON.stringify(properties.tags), text: properties.text, 'in.side': '[2]' },
          properties: JSON.stringify(properties),
        },
      ],
    });
    const includes = (path: string, value: unknown): Promise<number[]> =>
      population.found({ event: { name: 'Old', where: [{ path, op: 'includes', value }] } }, NOW);
    for (const value of ['a"b', 1, '1', true, 0.1]) expect(await includes('tags', value)).toEqual([1]);
    expect(await includes('in.side', 2)).toEqual([1]);
    for (const value of ['a', '0.1', false, 2, 'x']) expect(await includes('tags', value)).toEqual([]);
    expect(await includes('text', 'a')).toEqual([]);
  });

  it('draws the same sample for ever, by the hash it promises', async () => {
    const population = await world.population(people(Array.from({ length: 900 }, () => ({}))));
    const drawn = (salt: string, share: number): number[] =>
      Array.from({ length: 900 }, (_, index) => index + 1).filter((person) => {
        const hex = createHash('md5').update(`${salt}:${person}`).digest('hex').slice(0, 8);
        return Number.parseInt(hex, 16) % 10_000 < share;
      });
    const sample = (percent: number, salt?: string): object => ({
      sample: { percent, ...(salt && { salt }) },
    });
    expect(
      await agree(population, [sample(12.5, 'spring'), sample(12.5), sample(0.29, 'é'), sample(100)]),
    ).toEqual([drawn('spring', 1250), drawn('', 1250), drawn('é', 29), drawn('', 10_000)]);
    const [spring, summer] = await agree(population, [sample(50, 'spring'), sample(50, 'summer')]);
    expect(spring).not.toEqual(summer);
  });

  it('finds profiles by any of their identities, as the map stands', async () => {
    const email = (value: string) => ({ namespace: 'email', value });
    const population = await world.population(
      people([
        {
          identities: [email('ann@x.org'), email('ann@work.example'), { namespace: 'phone', value: '+3901' }],
        },
        { identities: [{ namespace: 'phone', value: 'ann@x.org' }] },
        {},
      ]),
    );
    const identity = (op: string, value?: unknown): object => ({
      identity: { namespace: 'email', op, ...(value === undefined ? {} : { value }) },
    });
    expect(
      await agree(population, [
        identity('exists'),
        identity('exists', false),
        identity('eq', 'ann@x.org'),
        identity('in', ['nobody', 'ann@work.example']),
        identity('contains', '@work'),
        identity('startsWith', 'work'),
      ]),
    ).toEqual([[1], [2, 3], [1], [1], [1], []]);
  });
});
