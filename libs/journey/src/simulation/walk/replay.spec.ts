import fc from 'fast-check';
import { parseJourney } from '../../definition/parse-journey';
import { useJourneyWorld } from '../../runtime/testing/journey-fixture';
import type { JourneyWorld } from '../../runtime/testing/journey-world';
import type { SimulatedPage, Simulation } from '../simulation';
import { Simulator } from './simulator';

const SEED = Number(process.env.PERCORSO_SEED);
const MINUTE = 60_000;
const PEOPLE = ['ann', 'ben', 'cleo', 'dan', 'eve', 'fay'];
const ZONES = ['Europe/Rome', 'Asia/Kolkata', 'America/New_York', 'no zone'];

/** What happens within a few minutes of a story. */
type Happening =
  | { what: 'event'; who: number; name: string; total: number; order: number }
  | { what: 'trait'; who: number; tier: string }
  | { what: 'verdict'; state: 'accepted' | 'rejected'; score: number }
  | { what: 'report'; which: number; name: string };

const arbitraryStory = fc.array(
  fc.array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          what: fc.constant('event' as const),
          who: fc.nat(PEOPLE.length - 1),
          name: fc.constantFrom('Cart', 'Cart', 'Viewed', 'Bought', 'Left'),
          total: fc.nat(40),
          order: fc.nat(2),
        }),
      },
      fc.record({
        what: fc.constant('trait' as const),
        who: fc.nat(PEOPLE.length - 1),
        tier: fc.constantFrom('gold', 'iron'),
      }),
      fc.record({
        what: fc.constant('verdict' as const),
        state: fc.constantFrom('accepted' as const, 'rejected' as const),
        score: fc.nat(9),
      }),
      fc.record({
        what: fc.constant('report' as const),
        which: fc.nat(50),
        name: fc.constantFrom('Email Opened', 'Email Link Clicked', 'Unsubscribed'),
      }),
    ),
    { maxLength: 4 },
  ),
  { minLength: 60, maxLength: 60 },
);

describe('a simulation of what really happened', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));

  /** With a step of every kind that looks at the profile, waits, or hears of its messages. */
  const journey = (gold: string): object => ({
    version: 1,
    key: 'order',
    entries: [
      { event: { name: 'Cart', where: [{ path: 'total', op: 'gte', value: 5 }] } },
      { event: { name: 'Viewed' } },
      { api: {} },
    ],
    where: { not: { event: { name: 'Bought', op: 'gte', value: 3 } } },
    reentry: { after: '30m' },
    goal: { event: { name: 'Bought' }, ends: false },
    exits: [{ event: { name: 'Left' } }],
    holdout: 10,
    start: 'first',
    steps: {
      first: world.send(
        '"Hello " & profile.traits.tier & " " & event.properties.total & " " & $string($random())',
        { failed: 'sorry', next: 'reaction' },
      ),
      sorry: world.send('"Sorry"', { next: 'reaction' }),
      reaction: {
        await: {
          any: [
            { reaction: { to: 'first', is: 'clicked' }, next: 'score', as: 'click' },
            { event: { name: 'Cart' }, next: 'score' },
            { audience: { id: gold, on: 'enter' }, next: 'both' },
          ],
          timeout: '20m',
        },
        timedOut: 'noon',
      },
      noon: { wait: { time: '13:30', zone: { trait: 'timezone' } }, next: 'tell' },
      score: {
        call: {
          connector: world.connectorId,
          content: { jsonata: '{"to": profile.traits.email, "subject": "Score"}' },
          into: { score: 'response.score' },
          timeout: '12m',
        },
        failed: 'both',
        timedOut: 'both',
        next: 'tell',
      },
      tell: {
        branch: [
          { where: { audience: { id: gold } }, next: 'vip' },
          {
            where: { event: { name: 'Viewed', op: 'gte', value: 2, within: { last: '40m' } } },
            next: 'often',
          },
          { where: { jsonata: 'context.score > 4' }, next: 'high' },
        ],
        next: 'turns',
      },
      vip: world.send('"Gold"', { next: 'mark' }),
      often: world.send('"Often"', { next: 'turns' }),
      high: world.send('"Score " & context.score', { next: 'mark' }),
      mark: { update: { traits: { marked: '$string($now())' } }, next: 'later' },
      later: { wait: { for: '1m' }, next: 'again' },
      again: world.send('"Marked " & $exists(profile.traits.marked)'),
      both: { parallel: { branches: ['left', 'right'], join: 'any' }, next: 'turns' },
      left: { wait: { for: '7m' } },
      right: world.send('"Right"', { next: 'right-wait' }),
      'right-wait': { wait: { for: '11m' } },
      turns: { loop: { body: 'arms', times: 2 } },
      arms: { split: { arms: [{ name: 'a', percent: 50, next: 'a' }] }, next: 'pause' },
      a: world.send('"Arm"', { next: 'pause' }),
      pause: { wait: { for: '6m' } },
    },
  });

  async function live(story: readonly (readonly Happening[])[]): Promise<void> {
    for (const moment of story) {
      // Less than what counts as an outage.
      world.clock.advance(3 * MINUTE);
      for (const one of moment) {
        // What happens at one moment is taken up in the order in which it is found.
        world.clock.advance(1000);
        await happen(one);
      }
      await world.stream();
      await world.turns();
    }
  }

  async function happen(one: Happening): Promise<void> {
    if (one.what === 'event') {
      const { who, name, total, order } = one;
      await world.say(world.event(PEOPLE[who]!, name, { total, order: `o${order}` }));
    } else if (one.what === 'trait') await world.say(world.profile(PEOPLE[one.who]!, { tier: one.tier }));
    else if (one.what === 'verdict') {
      const { state, score } = one;
      await world.settle(state, state === 'accepted' ? { response: { score } } : { code: 'refused' });
    } else {
      const sent = await world.messages();
      const message = sent[one.which % Math.max(1, sent.length)];
      if (!message) return;
      const properties = { channel: 'email', effect_key: message.key };
      const [row] = await world.rows<{ value: string }>(
        `SELECT value FROM identity_node WHERE workspace_id = $1 AND person = $2 AND namespace = 'user_id'`,
        message.person,
      );
      await world.say(world.event(row!.value, one.name, properties));
    }
  }

  async function simulate(simulation: Simulation, limit = 4): Promise<SimulatedPage[]> {
    const pages: SimulatedPage[] = [];
    for (let after = -1; ;) {
      const page = await world.get(Simulator).page(world.workspaceId, simulation, after, limit);
      pages.push(page);
      if (page.done) return pages;
      after = page.after;
    }
  }

  const simulationOf = (
    journeyId: string,
    definition: object,
    from: Date,
    more: Partial<Simulation> = {},
  ): Simulation => {
    const parsed = parseJourney(definition);
    if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors));
    return {
      ...{ journeyId, name: 'Spec', version: 1, definition: parsed.journey },
      ...{ from: from.getTime(), until: world.clock.now().getTime() + 1 },
      ...{ eventTime: 'received', recorded: true, responses: [] },
      ...more,
    };
  };

  const byKey = <T extends { key: string }>(all: readonly T[]): T[] =>
    [...all].sort((a, b) => (a.key < b.key ? -1 : 1));

  it(`gives the same messages at the same times, and everybody the same story (seed ${SEED})`, async () => {
    const gold = await world.newAudience({ trait: { path: 'tier', op: 'eq', value: 'gold' } });
    for (const [index, one] of PEOPLE.entries())
      await world.say(world.profile(one, { timezone: ZONES[index % ZONES.length], tier: 'iron' }));
    const definition = journey(gold);
    const from = world.clock.now();
    const journeyId = await world.journey(definition);
    const [story] = fc.sample(arbitraryStory, { seed: SEED, numRuns: 1 });
    await live(story!);

    expect(await sameAsReal(simulationOf(journeyId, definition, from))).toBeGreaterThan(5);
  }, 120_000);

  it('brings by reads whom they brought, when they did', async () => {
    const gold = await world.newAudience({ trait: { path: 'tier', op: 'eq', value: 'gold' } });
    for (const one of PEOPLE) await world.say(world.profile(one, { tier: 'gold' }));
    await world.stream();
    await world.evaluate(gold);
    world.clock.advance(1000);
    const definition = {
      version: 1,
      entries: [
        { read: { audience: gold, cron: '0 * * * *', perSecond: 1 } },
        { business: { event: { name: 'Sale' }, audience: gold, perSecond: 1 } },
        { audience: { id: gold, on: 'exit' } },
      ],
      start: 'tell',
      steps: {
        tell: world.send('"Hello " & audience.id & event.name', { next: 'pause' }),
        pause: { wait: { for: '5m' } },
      },
    };
    const from = world.clock.now();
    const journeyId = await world.journey(definition);
    for (let minute = 1; minute < 150; minute++) {
      if (minute === 70) await world.say(world.profile('ann', { tier: 'iron' }));
      if (minute === 85) await world.say(world.event('shop', 'Sale'));
      await world.pass(MINUTE + 137);
    }
    expect(await sameAsReal(simulationOf(journeyId, definition, from))).toBe(6 + 1 + 5 + 5);
  }, 60_000);

  /** Messages, stories and refusals are those that really were. @returns how many messages */
  async function sameAsReal(simulation: Simulation): Promise<number> {
    const pages = await simulate(simulation);
    const messages = pages.flatMap((page) =>
      page.messages.map(({ instanceId, visit, at, payload }) => ({
        key: `journey:${instanceId}:${visit}`,
        at: new Date(at),
        payload,
      })),
    );
    const real = (await world.messages()).map(({ key, at, payload }) => ({ key, at, payload }));
    expect(byKey(messages)).toEqual(byKey(real));

    const traces = await world.rows<{
      id: string;
      at: Date;
      step: string;
      what: string;
      next: string | null;
    }>(
      `SELECT instance_id AS id, at, step, what, next FROM journey_trace WHERE workspace_id = $1 ORDER BY instance_id, n`,
    );
    const simulated = pages.flatMap(({ instances }) =>
      instances.flatMap(({ instance: { id }, trace }) =>
        trace.map(({ at, step, what, next = null }) => ({ id, at: new Date(at), step, what, next })),
      ),
    );
    const byId = <T extends { id: string }>(all: readonly T[]): T[] =>
      [...all].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    expect(byId(simulated)).toEqual(byId(traces));
    const refused = await world.rows<{ person: number; at: Date; code: string }>(
      'SELECT person, at, code FROM journey_refusal WHERE workspace_id = $1 ORDER BY person, at, n',
    );
    const refusals = pages.flatMap((page) =>
      page.refusals.map(({ person, at, code }) => ({ person, at: new Date(at), code })),
    );
    expect(refusals).toEqual(refused);
    return real.length;
  }
});
