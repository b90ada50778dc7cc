import { useJourneyWorld } from './testing/journey-fixture';
import type { JourneyWorld } from './testing/journey-world';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('who enters a journey', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));

  /** Waits for a day, so that whoever entered is found inside. */
  const waits = (entries: object[], more: object = {}): object => ({
    version: 1,
    entries,
    start: 'a-day',
    steps: { 'a-day': { wait: { for: '1d' } } },
    ...more,
  });
  const onBuy = (more: object = {}): object => waits([{ event: { name: 'Bought' } }], more);
  const inside = async (journey: string): Promise<number> =>
    (await world.instances(journey)).filter(({ state }) => state === 'active').length;

  it('asks the condition, and says why somebody did not enter', async () => {
    const journey = await world.journey(
      onBuy({ where: { trait: { path: 'tier', op: 'eq', value: 'gold' } } }),
    );
    await world.say(world.profile('ann', { tier: 'gold' }), world.profile('ben', { tier: 'silver' }));
    await world.say(world.event('ann', 'Bought'), world.event('ben', 'Bought'));
    expect(await inside(journey)).toBe(1);
    expect(await world.refusals(journey)).toEqual(['where']);
  });

  it('lets a profile be inside once, and again when the rule allows it', async () => {
    const [always, once, after] = await Promise.all([
      world.journey(onBuy()),
      world.journey(onBuy({ reentry: 'once' })),
      world.journey(onBuy({ reentry: { after: '3d' } })),
    ]);
    await world.say(world.event('ann', 'Bought'), world.event('ann', 'Bought'));
    for (const journey of [always, once, after]) expect(await world.refusals(journey)).toEqual(['inside']);
    await world.pass(DAY);
    await world.say(world.event('ann', 'Bought'));
    await world.pass(2 * DAY);
    await world.say(world.event('ann', 'Bought'));
    const count = async (journey: string): Promise<number> => (await world.instances(journey)).length;
    expect([await count(always), await count(once), await count(after)]).toEqual([3, 1, 2]);
    expect(await world.refusals(once)).toEqual(['inside', 'reentry', 'reentry']);
    expect(await world.refusals(after)).toEqual(['inside', 'reentry']);
  });

  it('lets a profile in again with the event that follows its leaving, in one turn', async () => {
    const journey = await world.journey(onBuy());
    await world.say(world.event('ann', 'Bought'));
    world.clock.advance(DAY + HOUR);
    await world.say(world.event('ann', 'Bought'));
    expect((await world.instances(journey)).map(({ state }) => state)).toEqual(['ended', 'active']);
  });

  it('keeps one instance for each key, and takes nobody without', async () => {
    const journey = await world.journey(onBuy({ key: 'order.id' }));
    const order = (id?: string): object =>
      world.event('ann', 'Bought', id === undefined ? {} : { order: { id } });
    await world.say(order('a'), order('b'), order('a'), order(), order('long'.repeat(1000)));
    expect((await world.instances(journey)).map(({ key }) => key).sort()).toEqual(['a', 'b']);
    expect(await world.refusals(journey)).toEqual(['inside', 'no-key', 'no-key']);
  });

  it('takes no more than the caps allow, exactly', async () => {
    const journey = await world.journey(onBuy({ caps: { perDay: 3, total: 5 } }));
    const buyers = (day: number): object[] =>
      Array.from({ length: 6 }, (_, index) => world.event(`u${day}-${index}`, 'Bought'));
    await world.say(...buyers(1));
    expect(await inside(journey)).toBe(3);
    await world.pass(DAY);
    await world.say(...buyers(2));
    await world.pass(DAY);
    await world.say(...buyers(3));
    expect(await world.instances(journey)).toHaveLength(5);
    const refused = await world.refusals(journey);
    expect(refused.filter((code) => code === 'cap-day')).toHaveLength(3);
    expect(refused.filter((code) => code === 'cap-total')).toHaveLength(10);
  });

  it('keeps a profile in the journey of a group with the highest priority', async () => {
    const grouped = (name: string, priority: number): object =>
      waits([{ event: { name } }], { group: { name: 'promotion', priority } });
    const [low, high, other] = [
      await world.journey(grouped('Low', 1)),
      await world.journey(grouped('High', 2)),
      await world.journey(waits([{ event: { name: 'High' } }], { group: { name: 'service', priority: 1 } })),
    ];
    await world.say(world.event('ann', 'Low'), world.event('ann', 'High'), world.event('ann', 'Low'));
    expect(await world.instances(low)).toMatchObject([{ state: 'ended', endReason: 'outranked' }]);
    expect(await world.refusals(low)).toEqual(['outranked']);
    expect([await inside(high), await inside(other)]).toEqual([1, 1]);
  });

  it('holds some out, who get nothing and are followed to the goal', async () => {
    const journey = await world.journey({
      ...onBuy({ holdout: 50, goal: { event: { name: 'Came Back' } } }),
      start: 'hello',
      steps: { hello: world.send('"Hello"') },
    });
    const users = Array.from({ length: 40 }, (_, index) => `u${index}`);
    await world.say(...users.flatMap((user) => [world.profile(user), world.event(user, 'Bought')]));
    const held = (await world.instances(journey)).filter(({ holdout }) => holdout);
    expect(held.length).toBeGreaterThan(5);
    expect(held.length).toBeLessThan(35);
    expect(await world.messages()).toHaveLength(40 - held.length);
    await world.say(...users.map((user) => world.event(user, 'Came Back')));
    const after = (await world.instances(journey)).filter(({ holdout }) => holdout);
    expect(after.every(({ endReason, goalAt }) => endReason === 'goal' && goalAt !== null)).toBe(true);
  });

  it('takes only marked profiles while it is tested, and hurries with them', async () => {
    const journey = await world.journey(onBuy(), { state: 'test' });
    await world.say(world.profile('ann'), world.profile('ben'));
    await world.rows(
      `INSERT INTO journey_test_profile (workspace_id, journey_id, profile_id, speed)
       SELECT $1, $2, id, 24 FROM profile WHERE workspace_id = $1 AND person = $3`,
      journey,
      await world.person('ann'),
    );
    await world.say(world.event('ann', 'Bought'), world.event('ben', 'Bought'));
    expect(await world.refusals(journey)).toEqual(['not-marked']);
    expect(await inside(journey)).toBe(1);
    await world.pass(HOUR);
    expect(await inside(journey)).toBe(0);
  });

  it('leaves out what comes late, unless it takes imports of the past', async () => {
    const [strict, past] = [
      await world.journey(onBuy({ late: '1h' })),
      await world.journey(waits([{ event: { name: 'Bought' }, backfill: true }], { late: '1h' })),
    ];
    const ago = (hours: number): object => ({
      timestamp: new Date(world.clock.now().getTime() - hours * HOUR).toISOString(),
    });
    await world.say(world.event('ann', 'Bought', {}, ago(2)), world.event('ben', 'Bought', {}, ago(0.5)));
    expect([await inside(strict), await inside(past)]).toEqual([1, 2]);
    expect(await world.refusals(strict)).toEqual(['late']);
  });

  it('begins with what is received after it was published', async () => {
    await world.say(world.event('ann', 'Bought'));
    world.clock.advance(1);
    const journey = await world.journey(onBuy());
    await world.turns();
    expect(await inside(journey)).toBe(0);
    await world.say(world.event('ben', 'Bought'));
    expect(await world.instances(journey)).toMatchObject([{ person: await world.person('ben') }]);
  });

  it('takes an event once, however often it is sent', async () => {
    const journey = await world.journey(onBuy({ key: 'id' }));
    const bought = world.event('ann', 'Bought', { id: 'a' });
    await world.say(bought);
    await world.say(bought, bought);
    expect(await world.instances(journey)).toHaveLength(1);
    expect(await world.refusals(journey)).toEqual([]);
  });

  it('enters who joins or leaves an audience, but not whom its definition just showed', async () => {
    await world.say(world.profile('old', { tier: 'gold' }));
    const gold = await world.newAudience({ trait: { path: 'tier', op: 'eq', value: 'gold' } });
    const entry = (on: string, backfill = false): object => ({
      audience: { id: gold, on },
      ...(backfill && { backfill }),
    });
    const [joins, leaves, all] = [
      await world.journey(waits([entry('enter')])),
      await world.journey(waits([entry('exit')])),
      await world.journey(waits([entry('enter', true)])),
    ];
    await world.evaluate(gold);
    await world.turns();
    expect([await inside(joins), await inside(all)]).toEqual([0, 1]);
    expect(await world.refusals(joins)).toEqual(['backfill']);
    await world.say(world.profile('new', { tier: 'gold' }));
    await world.say(world.profile('new', { tier: 'silver' }));
    expect([await inside(joins), await inside(leaves), await inside(all)]).toEqual([1, 1, 2]);
  });
});
