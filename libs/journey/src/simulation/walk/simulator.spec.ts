import { parseJourney } from '../../definition/parse-journey';
import { useJourneyWorld } from '../../runtime/testing/journey-fixture';
import type { JourneyWorld } from '../../runtime/testing/journey-world';
import type { SimulatedPage, Simulation } from '../simulation';
import { Simulator } from './simulator';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const JOURNEY = '0197a6d0-1111-7222-8333-444455550000';

describe('Simulator', () => {
  let world: JourneyWorld;
  let from: number;
  useJourneyWorld((started) => (world = started));
  beforeEach(async () => {
    from = world.clock.now().getTime();
    await world.rows(`UPDATE workspace SET settings = '{"unknownConsent": "allow"}' WHERE id = $1`);
  });

  /** A version that nobody has entered yet, over all that happened until now. */
  function simulationOf(definition: object, more: Partial<Simulation> = {}): Simulation {
    const parsed = parseJourney({ version: 1, ...definition });
    if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors));
    return {
      ...{ journeyId: JOURNEY, name: 'Draft', version: 1, definition: parsed.journey },
      ...{
        from,
        until: world.clock.now().getTime() + 1,
        eventTime: 'received',
        recorded: true,
        responses: [],
      },
      ...more,
    };
  }

  async function simulate(simulation: Simulation, limit = 100, begin = -1): Promise<SimulatedPage[]> {
    const pages: SimulatedPage[] = [];
    for (let after = begin; ;) {
      const page = await world.get(Simulator).page(world.workspaceId, simulation, after, limit);
      pages.push(page);
      if (page.done) return pages;
      after = page.after;
    }
  }

  /** In minutes after the start: when what was sent, and what became of it. */
  const told = (pages: readonly SimulatedPage[]): string[] =>
    pages
      .flatMap(({ messages }) => messages)
      .sort((a, b) => a.at - b.at)
      .map(({ at, payload, outcome }) => {
        const end = outcome && ('code' in outcome ? outcome.code : outcome.status);
        return `${(at - from) / MINUTE} ${String(payload?.['subject'])} ${end}`;
      });

  const onGo = (steps: object): object => ({
    entries: [{ event: { name: 'Go' } }],
    start: Object.keys(steps)[0],
    steps,
  });

  /** Everything that happens is applied; audiences follow. */
  async function happen(minutes: number, ...items: object[]): Promise<void> {
    world.clock.advance(minutes * MINUTE);
    if (items.length > 0) await world.accept(...items);
    await world.apply();
    await world.stream();
  }

  it('walks a draft over what happened before it was written, with profiles as they were', async () => {
    const gold = await world.newAudience({ trait: { path: 'tier', op: 'eq', value: 'gold' } });
    await happen(0, world.profile('ann', { tier: 'iron' }), world.profile('ben', { tier: 'gold' }));
    await happen(1, world.event('ann', 'Go'), world.event('ben', 'Go'));
    await happen(29, world.profile('ann', { tier: 'gold' }), world.profile('ben', { tier: 'iron' }));
    await happen(90, world.event('cleo', 'Nothing'));
    const simulation = simulationOf(
      onGo({
        hello: world.send('"Hello " & profile.traits.tier', { next: 'hour' }),
        hour: { wait: { for: '1h' }, next: 'branch' },
        branch: { branch: [{ where: { audience: { id: gold } }, next: 'gold' }], next: 'iron' },
        gold: world.send('"Gold now"'),
        iron: world.send('"Iron now"'),
      }),
    );
    const pages = await simulate(simulation);
    expect(told(pages)).toEqual([
      '1 Hello iron accepted',
      '1 Hello gold accepted',
      '61 Gold now accepted',
      '61 Iron now accepted',
    ]);
    expect(pages).toHaveLength(1);
    expect(pages[0]).toMatchObject({ persons: 2, of: 2, done: true, refusals: [] });
    // Nothing of it is anywhere else.
    expect(await world.messages()).toEqual([]);
    expect(await world.rows('SELECT FROM journey_instance WHERE workspace_id = $1')).toEqual([]);
  });

  it('gives the same by pages, whoever asks again', async () => {
    for (const one of ['ann', 'ben', 'cleo', 'dan', 'eve']) await happen(1, world.event(one, 'Go'));
    const definition = onGo({ hello: world.send('"Hello " & $string($random())') });
    const whole = await simulate(simulationOf(definition));
    const pages = await simulate(simulationOf(definition), 2);
    expect(pages.map(({ persons, done }) => [persons, done])).toEqual([
      [2, false],
      [2, false],
      [1, true],
    ]);
    expect(pages.flatMap(({ messages }) => messages)).toEqual(whole[0]!.messages);
    expect(pages.flatMap(({ instances }) => instances)).toEqual(whole[0]!.instances);
  });

  it('keeps to consent as it was, and to addresses that were suppressed by then', async () => {
    const denied = { context: { consent: { categoryPreferences: { email: false } } } };
    await happen(0, world.profile('ann'), world.profile('ben'), world.profile('cleo'));
    await happen(1, ...['ann', 'ben', 'cleo'].map((one) => world.event(one, 'Go')));
    await happen(1, world.event('ann', 'Left', {}, denied));
    await world.rows(
      `INSERT INTO suppression (workspace_id, channel, address, reason, source, at)
       VALUES ($1, 'email', 'ben@example.org', 'complaint', 'spec', $2)`,
      world.clock.now(),
    );
    await happen(20);
    const definition = onGo({
      first: world.send('"First"', { next: 'wait' }),
      wait: { wait: { for: '10m' }, next: 'again' },
      again: world.send('"Again"'),
    });
    expect(told(await simulate(simulationOf(definition)))).toEqual([
      '1 First accepted',
      '1 First accepted',
      '1 First accepted',
      '11 Again consent-denied',
      '11 Again complaint',
      '11 Again accepted',
    ]);
    await world.rows(`UPDATE workspace SET settings = '{}' WHERE id = $1`);
    const strict = told(await simulate(simulationOf(definition)));
    expect(strict.slice(0, 3)).toEqual(Array(3).fill('1 First consent-unknown'));
  });

  it('lets in whom caps do, as they did where the journey was live', async () => {
    const definition = {
      ...{ entries: [{ event: { name: 'Go' } }], caps: { total: 4, perDay: 2 }, start: 'hello' },
      steps: { hello: world.send('profile.traits.name') },
    };
    const journeyId = await world.journey({ version: 1, ...definition });
    const names = ['ann', 'ben', 'cleo', 'dora'];
    await world.say(...names.map((name) => world.profile(name, { name })));
    // On the second day whoever was late on the first is there again, and somebody new on the third.
    for (const who of [names, [...names].reverse(), ['ann']]) {
      for (const name of who) {
        world.clock.advance(MINUTE);
        await world.say(world.event(name, 'Go'));
      }
      world.clock.advance(24 * HOUR);
    }
    expect(await world.subjects()).toEqual(['ann', 'ben', 'dora', 'cleo']);
    const simulation = simulationOf(definition, { journeyId });
    const simulated = await simulate(simulation, 3);
    const subjects = told(simulated).map((line) => line.split(' ')[1]);
    expect(subjects).toEqual(await world.subjects());
    const refused = simulated.flatMap(({ refusals }) => refusals.map(({ code }) => code)).sort();
    expect(refused).toEqual((await world.refusals(journeyId)).sort());
    expect(refused).toEqual(['cap-day', 'cap-day', 'cap-total', 'cap-total', 'cap-total']);
    // Whoever goes on after a crash finds out anew, and to the same end.
    const [first, ...others] = simulated.filter(({ persons }) => persons > 0);
    const gone = await simulate(simulationOf(definition, { journeyId }), 3, first!.after);
    expect(gone.flatMap(({ messages }) => messages)).toEqual(others.flatMap(({ messages }) => messages));
  });

  it('repeats what became of messages that were really sent, for a version that sends them later', async () => {
    const definition = (wait: string): object => ({
      version: 1,
      ...onGo({
        wait: { wait: { for: wait }, next: 'remind' },
        remind: world.send('"Remember"', { failed: 'sorry', next: 'reaction' }),
        sorry: world.send('"Sorry"'),
        reaction: {
          await: { any: [{ reaction: { to: 'remind', is: 'clicked' }, next: 'thanks' }], timeout: '1h' },
        },
        thanks: world.send('"Thanks"'),
      }),
    });
    const journeyId = await world.journey(definition('1m'));
    await world.say(world.profile('ann'), world.profile('ben'));
    await world.say(world.event('ann', 'Go'));
    await world.pass(MINUTE);
    await world.settle('rejected', { code: 'bad-address' });
    await world.settle('accepted');
    await world.say(world.event('ben', 'Go'));
    await world.pass(MINUTE);
    await world.pass(2 * MINUTE);
    await world.settle('accepted');
    world.clock.advance(3 * MINUTE);
    const bens = (await world.messages()).at(-1)!;
    await world.say(world.event('ben', 'Email Link Clicked', { effect_key: bens.key }));
    await world.pass(60 * MINUTE);
    expect(await world.subjects()).toEqual(['Remember', 'Sorry', 'Remember', 'Thanks']);

    const { version: _, ...later } = definition('10m') as Record<string, unknown>;
    const again = { journeyId, version: 2 };
    expect(told(await simulate(simulationOf(later, again)))).toEqual([
      '10 Remember bad-address',
      '10 Sorry accepted',
      // It was entered a minute later; accepted after two, clicked after three more. Nobody has answered the last one.
      '11 Remember accepted',
      '16 Thanks undefined',
    ]);
    expect(told(await simulate(simulationOf(later, { ...again, recorded: false })))).toEqual([
      '10 Remember accepted',
      '11 Remember accepted',
    ]);
    const clicks = { is: 'clicked' as const, percent: 100, after: MINUTE };
    const rule = { outcome: { status: 'accepted' as const }, after: 0, reactions: [clicks] };
    expect(
      told(await simulate(simulationOf(later, { ...again, recorded: false, responses: [rule] }))),
    ).toEqual(['10 Remember accepted', '11 Thanks accepted', '11 Remember accepted', '12 Thanks accepted']);
  });

  it('brings who was a member when an audience would have been read, at its rate', async () => {
    const gold = await world.newAudience({ trait: { path: 'tier', op: 'eq', value: 'gold' } });
    const people = ['ann', 'ben', 'cleo'];
    await happen(0, ...people.map((one) => world.profile(one, { tier: 'gold' })));
    await world.evaluate(gold);
    from = world.clock.now().getTime();
    const first = Math.ceil(from / HOUR) * HOUR;
    world.clock.set(new Date(first + 30 * MINUTE));
    await happen(0, world.profile('ann', { tier: 'iron' }), world.profile('dan', { tier: 'gold' }));
    world.clock.set(new Date(first + 70 * MINUTE));
    await happen(0, world.profile('ann', { tier: 'gold' }), world.profile('ben', { tier: 'iron' }));
    const journey = (only: string): object => ({
      entries: [{ read: { audience: gold, cron: '0 * * * *', only, perSecond: 2 } }],
      start: 'hello',
      steps: { hello: world.send('profile.traits.email') },
    });
    const at = (pages: readonly SimulatedPage[]): string[] =>
      pages.flatMap(({ messages }) =>
        messages.map((one) => `${String(one.payload!['subject']).slice(0, 3)} ${(one.at - first) / 1000}`),
      );
    expect(at(await simulate(simulationOf(journey('all')))).sort()).toEqual([
      'ann 0',
      'ben 0',
      'ben 3600',
      'cle 1',
      'cle 3600',
      'dan 3601',
    ]);
    expect(at(await simulate(simulationOf(journey('new')))).sort()).toEqual([
      'ann 0',
      'ben 0',
      'cle 1',
      'dan 3600',
    ]);
    const sale = { event: { name: 'Sale' }, audience: gold, perSecond: 1 };
    await happen(1, world.event('shop', 'Sale'));
    const begun = (world.clock.now().getTime() - first) / 1000;
    await happen(1);
    expect(
      at(await simulate(simulationOf({ ...journey('all'), entries: [{ business: sale }] }))).sort(),
    ).toEqual([`ann ${begun}`, `cle ${begun + 1}`, `dan ${begun + 2}`]);
  });

  it('has those enter whom the API had enter, with what it gave, and tells why others would not', async () => {
    const definition = {
      ...{ version: 1, key: 'order', entries: [{ api: {} }, { event: { name: 'Go' } }] },
      reentry: 'once',
      where: { trait: { path: 'tier', op: 'eq', value: 'gold' } },
      start: 'hello',
      steps: {
        hello: world.send('"Order " & context.order', { next: 'update' }),
        update: { update: { context: { order: '"other"' } } },
      },
    };
    const journeyId = await world.journey(definition);
    await world.say(world.profile('ann', { tier: 'gold' }), world.profile('ben', { tier: 'iron' }));
    await world.rows(
      `INSERT INTO journey_request (workspace_id, journey_id, person, kind, key, context, at)
       VALUES ($1, $2, $3, 'api', NULL, '{"order": 7}', $4)`,
      journeyId,
      await world.person('ann'),
      world.clock.now(),
    );
    await world.turns();
    await happen(1, world.event('ben', 'Go', { order: 1 }), world.event('ann', 'Go'));
    const { version: _, ...rest } = definition;
    const pages = await simulate(simulationOf(rest, { journeyId }));
    expect(told(pages)).toEqual(['0 Order 7 undefined']);
    const refused = pages.flatMap(({ refusals }) => refusals.map(({ at, code }) => [at - from, code]));
    expect(refused).toEqual([
      [MINUTE, 'no-key'],
      [MINUTE, 'where'],
    ]);
  });

  it('looks at erased and merged profiles no more, and at nothing that came later', async () => {
    await happen(
      0,
      world.profile('ann'),
      world.profile('ben'),
      world.event('ann', 'Go'),
      world.event('ben', 'Go'),
    );
    const until = world.clock.now().getTime() + 30 * MINUTE;
    const definition = onGo({ wait: { wait: { for: '20m' }, next: 'hello' }, hello: world.send('"Hello"') });
    await happen(30, world.event('cleo', 'Go'));
    expect(told(await simulate(simulationOf(definition, { until })))).toHaveLength(2);
    await world.erase('ben');
    expect(told(await simulate(simulationOf(definition, { until })))).toEqual(['20 Hello accepted']);
  });

  it('takes what was imported as if it had come when it occurred, where that is asked for', async () => {
    const at = (minutes: number): object => ({
      timestamp: new Date(from - 30 * DAY + minutes * MINUTE).toISOString(),
    });
    const tier = (who: string, minutes: number, value: string): object => ({
      ...world.profile(who, { tier: value }),
      ...at(minutes),
    });
    await happen(
      60,
      // In any order: only the times within count.
      world.event('ann', 'Bought', {}, at(105)),
      world.event('ann', 'Go', {}, at(100)),
      world.event('ben', 'Go', {}, at(100)),
      world.event('ben', 'Bought', {}, at(120)),
      world.event('cleo', 'Go', {}, at(100)),
      world.event('dan', 'Go', {}, at(-100)),
      world.event('eve', 'Go', {}, at(50_000)),
      ...['ann', 'ben', 'dan', 'eve'].map((one) => tier(one, -200, 'gold')),
      tier('ben', 111, 'iron'),
      tier('cleo', 99, 'iron'),
      tier('cleo', 500, 'gold'),
    );
    const definition = {
      ...onGo({
        wait: { wait: { for: '10m' }, next: 'hello' },
        hello: world.send('profile.traits.email & " " & profile.traits.tier'),
      }),
      where: { trait: { path: 'tier', op: 'eq', value: 'gold' } },
      goal: { event: { name: 'Bought' } },
    };
    const window = { from: from - 30 * DAY, until: from };
    expect(told(await simulate(simulationOf(definition, window)))).toEqual([]);
    const byTime = simulationOf(definition, { ...window, eventTime: 'occurred' });
    from = byTime.from;
    const pages = await simulate(byTime);
    expect(told(pages)).toEqual(['110 ben@example.org gold accepted']);
    expect(
      pages.flatMap(({ refusals }) => refusals.map(({ at, code }) => [(at - from) / MINUTE, code])),
    ).toEqual([[100, 'where']]);
    expect(pages[0]!.instances.map(({ instance }) => instance.goalAt)).toHaveLength(2);
  });

  it('says when it is kept no more whom the API had enter', async () => {
    const api = { version: 1, ...onGo({ hello: world.send('"Hello"') }), entries: [{ api: {} }] };
    const journeyId = await world.journey(api);
    const { version: _, ...definition } = api;
    world.clock.advance(366 * 24 * HOUR);
    const kept = new Date(world.clock.now().getTime() - 365 * 24 * HOUR);
    const begun = (at: number): Promise<unknown> =>
      simulate(simulationOf(definition, { journeyId, from: at }));
    await expect(begun(kept.getTime() - 1)).rejects.toMatchObject({
      status: 422,
      errors: [
        {
          pointer: '/from',
          code: 'history-archived',
          message: expect.stringContaining(`before ${kept.toISOString()}`),
        },
      ],
    });
    expect(await begun(kept.getTime())).toHaveLength(1);
    // Nobody can have entered one that is younger, or that the API has nobody enter.
    expect(await simulate(simulationOf(definition, { from }))).toHaveLength(1);
    const others = onGo({ hello: world.send('"Hello"') });
    expect(await simulate(simulationOf(others, { journeyId, from }))).toHaveLength(1);
  });
});
