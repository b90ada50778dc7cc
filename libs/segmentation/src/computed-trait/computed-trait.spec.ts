import { ErasureService } from '@percorso/profile';
import { ExplainService } from '../explain/explain.service';
import { SetGuard } from '../stream/set-guard';
import type { StreamWorld } from '../stream/stream-world';
import { useStreamWorld } from '../stream/stream-fixture';
import { TraitComputer } from './trait-computer';
import { TraitWorld } from './trait-world';

const [HOUR, DAY] = [3_600_000, 86_400_000];
const LTV = 'event("Order Completed").sum(revenue)';
const MONTH = 'event("Order Completed", last 30 days).sum(revenue)';

describe('computed traits', () => {
  let world: StreamWorld;
  let traits: TraitWorld;
  let serial = 0;

  useStreamWorld((started) => {
    world = started;
    traits = new TraitWorld(world);
  });

  const event = (who: object, name: string, ago: number, properties: object): object => ({
    type: 'track',
    messageId: `m${++serial}`,
    timestamp: new Date(world.clock.now().getTime() - ago).toISOString(),
    event: name,
    properties,
    ...who,
  });
  const order = (userId: string, revenue: number, ago = 1, more: object = {}): object =>
    event({ userId }, 'Order Completed', ago, { revenue, ...more });
  const identify = (userId: string, more: object): object => ({
    type: 'identify',
    messageId: `m${++serial}`,
    userId,
    ...more,
  });

  it('are computed for everybody at first, and kept by every event from then on', async () => {
    await world.say(order('ann', 0.1), order('ann', 0.2), event({ userId: 'bob' }, 'Login', 1, {}));
    expect(await traits.define('ltv', LTV)).toMatchObject({
      state: 'computing',
      definition: { version: 1, event: { name: 'Order Completed', measure: { sum: 'revenue' } } },
      text: LTV,
    });
    await traits.work();
    expect(await traits.get('ltv')).toMatchObject({ state: 'ready', drift: null });
    expect(await traits.traitsOf('ann')).toEqual({ ltv: 0.3 });
    expect(await traits.traitsOf('bob')).toEqual({ ltv: 0 });
    await world.say(order('ann', 19.99), order('new', 5));
    expect(await traits.traitsOf('ann')).toEqual({ ltv: 20.29 });
    expect(await traits.traitsOf('new')).toEqual({ ltv: 5 });
    expect(await traits.check()).toBe(0);
  });

  it('of every kind of measure, exact', async () => {
    const definitions = {
      count: 'event("Order Completed").count',
      min: 'event("Order Completed").min(revenue)',
      max: 'event("Order Completed" where category = "shoes").max(revenue)',
      avg: 'event("Order Completed").avg(revenue)',
      distinct: 'event("Order Completed").distinct(category)',
      first: 'event("Order Completed").first',
      last: 'event("Order Completed").last',
      favourite: 'event("Order Completed").mostFrequent(category)',
      firstCategory: 'event("Order Completed").firstValue(category)',
      lastCategory: 'event("Order Completed").lastValue(category)',
      buyer: 'event("Order Completed").count >= 2 and trait.city = "Rome"',
    };
    for (const [key, text] of Object.entries(definitions)) await traits.define(key, text);
    await world.say(
      identify('ann', { traits: { city: 'Rome' } }),
      order('ann', 1, 3 * DAY, { category: 'shoes' }),
      order('ann', 1, 2 * DAY, { category: 'hats' }),
      order('ann', 0, DAY, { category: 'shoes' }),
    );
    const wanted = {
      city: 'Rome',
      count: 3,
      min: 0,
      max: 1,
      avg: 0.666666667,
      distinct: 2,
      first: '2026-06-12T12:00:00.000Z',
      last: '2026-06-14T12:00:00.000Z',
      favourite: 'shoes',
      firstCategory: 'shoes',
      lastCategory: 'shoes',
      buyer: true,
    };
    expect(await traits.traitsOf('ann')).toEqual({
      ...wanted,
      first: expect.any(String),
      last: expect.any(String),
    });
    await traits.work();
    expect(await traits.check()).toBe(0);
    world.forget();
    // A tie of counts goes to the value that came last.
    await world.say(order('ann', 1, 1, { category: 'hats' }));
    expect(await traits.traitsOf('ann')).toMatchObject({ favourite: 'hats', lastCategory: 'hats', count: 4 });
    expect(await traits.check()).toBe(0);
  });

  it('take audiences with them in the same turn, and out again as time passes, to the millisecond', async () => {
    await traits.define('month', MONTH);
    const audience = await world.newAudience({ trait: { path: 'month', op: 'gt', value: 100 } });
    await traits.work();
    await world.say(order('ann', 101, HOUR));
    expect(await world.members(audience)).toEqual([1]);
    world.clock.advance(30 * DAY - HOUR);
    await world.sweep();
    await world.stream();
    expect(await traits.traitsOf('ann')).toEqual({ month: 101 });
    world.clock.advance(1);
    await world.stream();
    expect(await traits.traitsOf('ann')).toEqual({ month: 0 });
    expect(await world.members(audience)).toEqual([]);
    expect((await world.deltas(audience)).map(({ op, cause }) => [op, cause.kind])).toEqual([
      ['enter', 'event'],
      ['exit', 'time'],
    ]);
    expect(await traits.check()).toBe(0);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0 });
  });

  it('bring audiences along when they are computed as a set, edited and checked', async () => {
    await world.say(order('ann', 60), order('ann', 60, 40 * DAY), order('bob', 10));
    const audience = await world.newAudience({ trait: { path: 'spent', op: 'gte', value: 100 } });
    await traits.work();
    expect(await world.members(audience)).toEqual([]);
    await traits.define('spent', LTV);
    await traits.work();
    expect(await world.members(audience)).toEqual([1]);
    await traits.redefine('spent', MONTH);
    await traits.work();
    expect(await traits.traitsOf('ann')).toEqual({ spent: 60 });
    expect(await world.members(audience)).toEqual([]);
    expect((await world.deltas(audience)).map(({ op, cause }) => [op, cause.kind])).toEqual([
      ['enter', 'trait'],
      ['exit', 'trait'],
    ]);
    await world.database.tx(world.workspaceId, (tx) =>
      tx.query(
        `UPDATE profile SET computed = '{"spent": {"number": "500", "at": ""}}' WHERE workspace_id = $1 AND person = 2`,
        [world.workspaceId],
      ),
    );
    expect(await traits.check()).toBe(1);
    expect(await traits.traitsOf('bob')).toEqual({ spent: 10 });
    expect(await traits.check()).toBe(0);
  });

  it('change by time, to the millisecond, whether they came as a set or by an event', async () => {
    await world.say(order('ann', 60, 30 * DAY - HOUR / 2), order('ann', 1));
    await traits.define('month', MONTH);
    await traits.work();
    world.clock.advance(HOUR / 2);
    await world.stream();
    expect(await traits.traitsOf('ann')).toEqual({ month: 61 });
    world.clock.advance(1);
    await world.stream();
    expect(await traits.traitsOf('ann')).toEqual({ month: 1 });
    await world.say(order('bob', 7, 30 * DAY - HOUR / 4));
    world.clock.advance(HOUR / 4);
    await world.stream();
    expect(await traits.traitsOf('bob')).toEqual({ month: 7 });
    world.clock.advance(1);
    await world.stream();
    expect(await traits.traitsOf('bob')).toEqual({ month: 0 });
  });

  it('are written by one worker at a time: one that lost its lease writes nothing more', async () => {
    await world.say(order('ann', 60), order('bob', 10));
    await traits.define('ltv', LTV);
    const { database, workspaceId } = world;
    const sql = (text: string): Promise<unknown> =>
      database.tx(workspaceId, (tx) => tx.query(`${text} WHERE workspace_id = $1`, [workspaceId]));
    const guard = world.get(SetGuard);
    const original = guard.caughtUp.bind(guard);
    // It has its set, and sleeps; another worker computes the trait, and values are others then.
    const sleeping = jest.spyOn(guard, 'caughtUp').mockImplementationOnce(async (...args) => {
      await sql('UPDATE computed_trait SET lease_until = now()');
      await traits.work();
      await sql(`UPDATE profile SET computed = '{"ltv": {"number": "5", "at": ""}}'`);
      return original(...args);
    });
    await world.get(TraitComputer).compute(workspaceId, 'ltv');
    sleeping.mockRestore();
    expect(await traits.traitsOf('ann')).toEqual({ ltv: 5 });
    expect(await traits.get('ltv')).toMatchObject({ state: 'ready', error: null });
    expect(await traits.check()).toBe(2);
  });

  it('go with a person who is erased, and so does what is kept to answer them', async () => {
    await traits.define('month', MONTH);
    const audience = await world.newAudience({ trait: { path: 'month', op: 'gt', value: 0 } });
    await traits.work();
    await world.say(order('ann', 60, 30 * DAY - HOUR / 2), order('bob', 10));
    await world.sweep();
    const kept = async (): Promise<unknown[]> =>
      world.database.tx(world.workspaceId, async (tx) => {
        const { rows } = await tx.query(
          `SELECT FROM profile WHERE workspace_id = $1 AND person = 1
           UNION ALL SELECT FROM profile_wake WHERE workspace_id = $1 AND person = 1`,
          [tx.workspaceId],
        );
        return [rows.length, (await world.state(1))?.profileVersion];
      });
    expect(await kept()).toEqual([2, 2]);
    const named = { namespace: 'user_id', value: 'ann' };
    const { places } = await world.get(ErasureService).begin(world.workspaceId, 'spec', named);
    expect(places).toContainEqual(expect.objectContaining({ place: 'audiences', state: 'done', count: 1 }));
    await world.stream();
    expect(await kept()).toEqual([0, undefined]);
    expect(await world.members(audience)).toEqual([2]);
    expect(await world.set({ trait: { path: 'month', op: 'exists' } })).toEqual([2]);
    world.clock.advance(HOUR / 2 + 1);
    await world.say(order('ann', 60));
    expect([...(await traits.profiles()).keys()]).toEqual(['bob']);
    expect(await traits.check()).toBe(0);
  });

  it('belong to the hub: what sources say of the key is kept, and shown again when the trait is deleted', async () => {
    await world.say(identify('ann', { traits: { vip: 'yes', city: 'Rome' } }), order('ann', 10));
    await world.say(identify('cid', { traits: { vip: 'me' } }));
    await world.load();
    await traits.define('vip', 'event("Order Completed").avg(revenue)');
    await traits.work();
    await world.say(identify('bob', { traits: { vip: 'no' } }), identify('ann', { traits: { vip: 'sure' } }));
    expect(await traits.traitsOf('ann')).toEqual({ vip: 10, city: 'Rome' });
    // Without a value it is missing, and not what somebody said.
    expect(await traits.traitsOf('bob')).toEqual({});
    expect(await world.set({ trait: { path: 'vip', op: 'exists' } })).toEqual([1]);
    await traits.remove('vip');
    await traits.work();
    expect(await traits.traitsOf('ann')).toEqual({ vip: 'sure', city: 'Rome' });
    expect(await traits.traitsOf('bob')).toEqual({ vip: 'no' });
    expect(await world.set({ trait: { path: 'vip', op: 'in', value: ['sure', 'no', 'me'] } })).toEqual([
      1, 2, 3,
    ]);
    await expect(traits.get('vip')).rejects.toMatchObject({ status: 404 });
    await traits.define('vip', LTV);
    await traits.work();
    expect(await traits.traitsOf('ann')).toMatchObject({ vip: 10 });
  });

  it('follow merges, unmerges, late and doubled events', async () => {
    await traits.define('ltv', LTV);
    await traits.define('favourite', 'event("Order Completed").mostFrequent(category)');
    await traits.work();
    const late = order('ann', 5, 20 * DAY, { category: 'hats' });
    await world.say(
      order('ann', 1, 1, { category: 'shoes' }),
      event({ anonymousId: 'phone' }, 'Order Completed', DAY, { revenue: 2, category: 'hats' }),
    );
    await world.say(late, late);
    await world.say(late);
    expect(await traits.traitsOf('ann')).toEqual({ ltv: 6, favourite: 'shoes' });
    await world.say(identify('ann', { anonymousId: 'phone', traits: {} }));
    expect(await traits.traitsOf('ann')).toEqual({ ltv: 8, favourite: 'hats' });
    expect(await traits.check()).toBe(0);
    await world.unmergeAll();
    await world.stream();
    expect([...(await traits.profiles()).values()].map((one) => one.traits.ltv).sort()).toEqual([2, 6]);
    expect(await traits.check()).toBe(0);
  });

  it('may look at each other and at everything a condition does, but not at audiences nor in circles', async () => {
    await traits.define('ltv', LTV);
    await traits.define('rich', 'trait.ltv > 100');
    await traits.define('wanted', 'trait.rich = true and consent("email") is granted');
    const audience = await world.newAudience({ trait: { path: 'wanted', op: 'eq', value: true } });
    await traits.work();
    await world.say(
      identify('ann', { traits: {}, context: { consent: { categoryPreferences: { email: true } } } }),
      order('ann', 60),
    );
    expect(await traits.traitsOf('ann')).toEqual({ ltv: 60, rich: false, wanted: false });
    await world.say(order('ann', 41));
    expect(await traits.traitsOf('ann')).toEqual({ ltv: 101, rich: true, wanted: true });
    expect(await world.members(audience)).toEqual([1]);
    await traits.redefine('ltv', 'event("Order Completed").count');
    await traits.work();
    expect(await traits.traitsOf('ann')).toEqual({ ltv: 2, rich: false, wanted: false });
    expect(await world.members(audience)).toEqual([]);
    expect(await traits.check()).toBe(0);
    await expect(traits.redefine('ltv', 'trait.wanted = true')).rejects.toMatchObject({
      status: 422,
      errors: [expect.objectContaining({ pointer: '/definition', code: 'cycle' })],
    });
    await expect(traits.define('x', `audience("${audience}")`)).rejects.toMatchObject({ status: 422 });
    await expect(traits.remove('ltv')).rejects.toMatchObject({ status: 409, code: 'in-use' });
    await expect(traits.remove('wanted')).rejects.toMatchObject({ status: 409, code: 'in-use' });
  });

  it('are explained as they were at a past moment', async () => {
    await traits.define('ltv', LTV);
    const audience = await world.newAudience({ trait: { path: 'ltv', op: 'gt', value: 50 } });
    await traits.work();
    await world.say(identify('ann', { traits: { ltv: 'said' } }), order('ann', 60));
    const then = world.clock.now();
    world.clock.advance(HOUR);
    await world.say(order('ann', 40));
    const id = (await traits.profiles()).get('ann')!.id;
    const explain = async (at?: Date): Promise<unknown> =>
      (await world.get(ExplainService).explain(world.workspaceId, audience, id, at)).where;
    expect(await explain()).toMatchObject({ holds: true, evidence: { value: '100' } });
    expect(await explain(then)).toMatchObject({ holds: true, evidence: { value: '60' } });
    const before = await explain(new Date(then.getTime() - 1));
    expect(before).toMatchObject({ holds: false, evidence: { value: '0' } });
  });

  it('let newer answers stand beside a set that is written while events go on', async () => {
    await world.say(...Array.from({ length: 20 }, (_, index) => order(`p${index}`, 10)));
    await traits.define('ltv', LTV);
    const guard = world.get(SetGuard);
    const original = guard.caughtUp.bind(guard);
    const changing = jest.spyOn(guard, 'caughtUp').mockImplementationOnce(async (...args) => {
      await world.say(order('p0', 5), order('later', 7));
      return original(...args);
    });
    await traits.work();
    changing.mockRestore();
    expect(await traits.traitsOf('p0')).toEqual({ ltv: 15 });
    expect(await traits.traitsOf('p1')).toEqual({ ltv: 10 });
    expect(await traits.traitsOf('later')).toEqual({ ltv: 7 });
    expect(await traits.check()).toBe(0);
  });

  it('stay exact for persons with more events than are kept', async () => {
    await traits.define('favourite', 'event("Product Viewed").mostFrequent(category)');
    await traits.work();
    const view = (category: string, ago: number): object =>
      event({ userId: 'ann' }, 'Product Viewed', ago, { category });
    await world.say(
      ...Array.from({ length: 600 }, (_, index) => view(index % 2 ? 'hats' : 'shoes', DAY + index)),
    );
    expect(await traits.traitsOf('ann')).toEqual({ favourite: 'shoes' });
    await world.say(view('hats', HOUR));
    expect(await traits.traitsOf('ann')).toEqual({ favourite: 'hats' });
    expect(await traits.check()).toBe(0);
  });

  it('follow items that their filters look up', async () => {
    await world.item('product', 'a', { category: 'shoes' });
    await world.item('product', 'b', { category: 'hats' });
    await traits.define(
      'shoes',
      'event("Order Completed" where lookup("product", sku).category = "shoes").count',
    );
    await traits.work();
    await world.say(order('ann', 1, 1, { sku: 'a' }), order('ann', 1, 1, { sku: 'b' }));
    expect(await traits.traitsOf('ann')).toEqual({ shoes: 1 });
    await world.item('product', 'b', { category: 'shoes' });
    await traits.work();
    expect(await traits.traitsOf('ann')).toEqual({ shoes: 2 });
    expect(await traits.check()).toBe(0);
  });

  it('leave profiles that another transaction holds for the next turn', async () => {
    await traits.define('ltv', LTV);
    await traits.work();
    await world.say(order('ann', 1));
    const { database, workspaceId } = world;
    const turns = await database.tx(workspaceId, async (tx) => {
      await tx.query('SELECT FROM profile WHERE workspace_id = $1 FOR UPDATE', [workspaceId]);
      await world.accept(order('ann', 2), order('bob', 3));
      await world.apply();
      const running = world.stream();
      while ((await traits.traitsOf('bob')).ltv !== 3)
        await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await traits.traitsOf('ann')).toEqual({ ltv: 1 });
      return { running };
    });
    await turns.running;
    expect(await traits.traitsOf('ann')).toEqual({ ltv: 3 });
  });

  it('reach ClickHouse exact, though JSON readers would round them', async () => {
    await traits.define('ltv', LTV);
    await traits.work();
    await world.say(
      order('ann', 900_000_000_000_000),
      order('ann', 900_000_000_000_000),
      order('ann', 0.000000001),
    );
    expect(await traits.traitsOf('ann')).toEqual({ ltv: '1800000000000000.000000001' });
    const exactly = { trait: { path: 'ltv', op: 'eq', value: { decimal: '1800000000000000.000000001' } } };
    expect(await world.set(exactly)).toEqual([1]);
    const audience = await world.newAudience(exactly);
    await world.say(order('ann', 0));
    expect(await world.members(audience)).toEqual([1]);
  });
});
