import { type IngestItem, parseItem } from '@percorso/ingest';
import { MappingRunner } from '@percorso/mapping';
import { parseDefinition } from '@percorso/segmentation';
import { parseJourney } from '../definition/parse-journey';
import { type GivenPerson, type GivenStory, simulateGiven } from './simulate-given';
import type { Simulation } from './simulation';

const START = Date.parse('2026-06-15T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 3_600_000;
const MAIL = '0197a6d0-0000-7000-8000-000000000001';
const VIPS = '0197a6d0-0000-7000-8000-000000000002';
const QUIET = '0197a6d0-0000-7000-8000-000000000003';

const send = (subject: string, more: object = {}): object => ({
  send: { connector: MAIL, content: { jsonata: `{"to": profile.traits.email, "subject": ${subject}}` } },
  ...more,
});

function simulationOf(definition: object, more: Partial<Simulation> = {}): Simulation {
  const parsed = parseJourney({ version: 1, ...definition });
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors));
  return {
    ...{ journeyId: 'j', name: 'Story', version: 1, definition: parsed.journey },
    ...{ from: START, until: START + 24 * HOUR, recorded: false, responses: [] },
    ...more,
  };
}

/** `minutes` after the start. */
function item(minutes: number, written: object): { at: number; item: IngestItem } {
  const at = START + minutes * MINUTE;
  const parsed = parseItem(
    { userId: 'ann', ...written },
    { partition: 0, pos: minutes, receivedAt: new Date(at) },
  );
  if (!('ok' in parsed)) throw new TypeError(JSON.stringify(parsed));
  return { at, item: parsed.ok };
}
const event = (minutes: number, name: string, properties: object = {}): { at: number; item: IngestItem } =>
  item(minutes, { type: 'track', messageId: `${name} ${minutes}`, event: name, properties });
const ann = (...items: GivenPerson['items'][number][]): GivenPerson => ({
  items: [item(0, { type: 'identify', traits: { email: 'ann@example.org', tier: 'iron' } }), ...items],
  ...{ changes: [], requests: [] },
});
const where = (condition: object): NonNullable<ReturnType<GivenStory['audiences']['get']>> => {
  const parsed = parseDefinition({ version: 1, where: condition });
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors));
  return parsed.definition.where;
};

describe('simulateGiven', () => {
  const mappings = new MappingRunner();
  afterAll(() => mappings.close());

  /** When, in minutes after the start, what was sent. */
  async function sent(story: Partial<GivenStory> & Pick<GivenStory, 'simulation'>): Promise<string[]> {
    const { messages } = await simulateGiven(
      { zone: 'UTC', audiences: new Map(), persons: [ann()], ...story },
      mappings,
    );
    return messages.map(
      ({ at, payload, outcome }) =>
        `${(at - START) / MINUTE} ${String(payload?.['subject'])} ${outcome?.status}`,
    );
  }

  const cart = (reactions: string): object => ({
    entries: [{ event: { name: 'Cart' } }],
    goal: { event: { name: 'Bought' } },
    start: 'hour',
    steps: {
      hour: { wait: { for: '1h' }, next: 'remind' },
      remind: send('"Remember " & event.properties.sku', { failed: 'sorry', next: 'reaction' }),
      sorry: send('"Sorry"'),
      reaction: {
        await: { any: [{ reaction: { to: 'remind', is: 'clicked' }, next: 'thanks' }], timeout: '2h' },
        timedOut: 'again',
      },
      thanks: send('"Thanks"'),
      again: send(`"Again ${reactions}"`),
    },
  });

  it('walks what was given, to the minute', async () => {
    const persons = [ann(event(5, 'Cart', { sku: 'red' }))];
    expect(await sent({ simulation: simulationOf(cart('')), persons })).toEqual([
      '65 Remember red accepted',
      '185 Again  accepted',
    ]);
    const bought = [ann(event(5, 'Cart', { sku: 'red' }), event(64, 'Bought'))];
    expect(await sent({ simulation: simulationOf(cart('')), persons: bought })).toEqual([]);
  });

  it('lets providers answer by rules, and people react', async () => {
    const persons = [ann(event(5, 'Cart', { sku: 'red' }))];
    const clicked = {
      ...{ step: 'remind', outcome: { status: 'accepted' as const }, after: 2 * MINUTE },
      reactions: [{ is: 'clicked' as const, percent: 100, after: 10 * MINUTE }],
    };
    const simulation = simulationOf(cart(''), { responses: [clicked] });
    expect(await sent({ simulation, persons })).toEqual(['65 Remember red accepted', '77 Thanks accepted']);
    const refused = {
      ...{ outcome: { status: 'rejected' as const, code: 'bad-address' }, after: MINUTE, reactions: [] },
      step: 'remind',
    };
    expect(await sent({ simulation: simulationOf(cart(''), { responses: [refused] }), persons })).toEqual([
      '65 Remember red rejected',
      '66 Sorry accepted',
    ]);
    const hers = [{ ...persons[0]!, responses: [] }];
    expect(
      await sent({ simulation: simulationOf(cart(''), { responses: [refused] }), persons: hers }),
    ).toEqual(['65 Remember red accepted', '185 Again  accepted']);
  });

  it('tells nothing of what would come after its end', async () => {
    const until = START + 66 * MINUTE;
    const late = { outcome: { status: 'accepted' as const }, after: MINUTE, reactions: [] };
    const persons = [ann(event(5, 'Cart', { sku: 'red' }))];
    expect(await sent({ simulation: simulationOf(cart(''), { until, responses: [late] }), persons })).toEqual(
      ['65 Remember red undefined'],
    );
    expect(
      await sent({ simulation: simulationOf(cart(''), { until: START + 65 * MINUTE }), persons }),
    ).toEqual([]);
  });

  it('sees profiles as they were, and what the journey itself wrote', async () => {
    const simulation = simulationOf({
      entries: [{ event: { name: 'Go' } }],
      start: 'tell',
      steps: {
        tell: send('profile.traits.tier', { next: 'mark' }),
        mark: { update: { traits: { tier: '"marked"' } }, next: 'hour' },
        hour: { wait: { for: '1h' }, next: 'branch' },
        branch: {
          branch: [{ where: { trait: { path: 'tier', op: 'eq', value: 'marked' } }, next: 'marked' }],
          next: 'other',
        },
        marked: send('"Marked"'),
        other: send('"Other " & profile.traits.tier'),
      },
    });
    const gold = item(90, { type: 'identify', traits: { tier: 'gold' } });
    expect(await sent({ simulation, persons: [ann(event(5, 'Go'), gold)] })).toEqual([
      '5 iron accepted',
      '65 Marked accepted',
    ]);
    const sooner = item(30, { type: 'identify', traits: { tier: 'gold' } });
    expect(await sent({ simulation, persons: [ann(event(5, 'Go'), sooner)] })).toEqual([
      '5 iron accepted',
      '65 Other gold accepted',
    ]);
  });

  it('follows what audiences say, by events and by time alone', async () => {
    const simulation = simulationOf({
      entries: [{ audience: { id: VIPS, on: 'enter' } }],
      exits: [{ event: { name: 'Stop' } }],
      start: 'hello',
      steps: {
        hello: send('"Hello"', { next: 'quiet' }),
        quiet: { await: { any: [{ audience: { id: QUIET, on: 'enter' } }] }, next: 'miss' },
        miss: send('"We miss you"'),
      },
    });
    const audiences = new Map([
      [VIPS, where({ event: { name: 'Visit', op: 'gte', value: 2 } })],
      [
        QUIET,
        where({
          all: [{ audience: { id: VIPS } }, { not: { event: { name: 'Visit', within: { last: '3h' } } } }],
        }),
      ],
    ]);
    const persons = [ann(event(5, 'Visit'), event(20, 'Visit'), event(60, 'Visit'))];
    const messages = await sent({ simulation, audiences, persons });
    expect(messages[0]).toBe('20 Hello accepted');
    // The last visit is no longer within three hours.
    expect(messages[1]).toMatch(/^240(\.\d+)? We miss you accepted$/);
    expect(messages).toHaveLength(2);
  });

  it('brings members by reads, again and again or once', async () => {
    const journey = (only: string): object => ({
      entries: [{ read: { audience: VIPS, cron: '0 * * * *', only } }],
      start: 'hello',
      steps: { hello: send('"Hello"') },
    });
    const persons = [
      { ...ann(), changes: [{ at: START + 30 * MINUTE, audienceId: VIPS, op: 'enter' as const }] },
    ];
    const until = START + 3 * HOUR;
    expect(await sent({ simulation: simulationOf(journey('all'), { until }), persons })).toEqual([
      '60 Hello accepted',
      '120 Hello accepted',
    ]);
    expect(await sent({ simulation: simulationOf(journey('new'), { until }), persons })).toEqual([
      '60 Hello accepted',
    ]);
  });

  it('lets in whom the API names, with what it was given', async () => {
    const simulation = simulationOf({
      entries: [{ api: {} }],
      start: 'hello',
      steps: { hello: send('"Hello " & context.name') },
    });
    const request = { at: START + MINUTE, kind: 'api' as const, key: null, context: { name: 'Ann' } };
    expect(await sent({ simulation, persons: [{ ...ann(), requests: [request] }] })).toEqual([
      '1 Hello Ann accepted',
    ]);
  });

  it('refuses to guess at items of lookups', async () => {
    const simulation = simulationOf({
      entries: [{ api: {} }],
      where: {
        event: {
          name: 'Visit',
          where: [{ path: 'sku', lookup: 'product', field: 'color', op: 'eq', value: 'red' }],
        },
      },
      start: 'end',
      steps: { end: { end: {} } },
    });
    await expect(async () =>
      simulateGiven({ simulation, zone: 'UTC', audiences: new Map(), persons: [] }, mappings),
    ).rejects.toThrow('lookups');
  });
});
