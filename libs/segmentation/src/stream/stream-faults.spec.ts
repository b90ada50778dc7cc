import { startTestEngines, type TestEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';
import { AudienceService } from '../audience/audience.service';
import { AudienceStore } from '../audience/audience.store';
import type { MembershipDelta } from '../membership/membership-log';
import { MOST_MATCHES } from './person-state';
import { PersonCaches } from './person-caches';
import { PlanLoader } from './plan-loader';
import { StreamCursorStore } from './stream-cursor.store';
import { StreamEvaluator } from './stream-evaluator';
import { driftFound } from './stream-metrics';
import { StreamWorld } from './stream-world';

const [HOUR, DAY] = [3_600_000, 86_400_000];

const bought = (where: object = {}): object => ({ event: { name: 'Order Completed', ...where } });
const timesAMonth = (value: number): object =>
  bought({ within: { last: '30d' }, measure: 'count', op: 'gte', value });
const twiceAMonth = timesAMonth(2);

describe('StreamEvaluator under faults', () => {
  let engines: TestEngines;
  let world: StreamWorld;
  /** Another process with the worker's role, on the same database. */
  let other: StreamWorld;
  let serial = 0;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await StreamWorld.start(engines);
    other = await StreamWorld.start(engines);
  }, 120_000);

  beforeEach(async () => {
    await world.newWorkspace();
    other.workspaceId = world.workspaceId;
    await world.sweep();
  });

  afterAll(async () => {
    await other?.stop();
    await world?.stop();
    await engines?.stop();
  });

  const event: StreamWorld['event'] = (...given) => world.event(...given);
  const order = (userId: string, ago = 1): object => event({ userId }, 'Order Completed', ago);
  const identify = (who: object, traits: object = {}): object => ({
    type: 'identify',
    messageId: `m${++serial}`,
    ...who,
    traits,
  });

  /** The members are the set, the log replayed gives them, and each pair's versions are 1, 2, 3, … */
  async function expectExact(audience: string, where: object): Promise<MembershipDelta[]> {
    const members = await world.members(audience);
    expect(members).toEqual(await world.set(where));
    const deltas = await world.deltas(audience);
    const replayed = new Set<number>();
    const versions = new Map<number, number>();
    for (const { person, op, version } of deltas) {
      expect(version).toBe((versions.get(person) ?? 0) + 1);
      expect(op).toBe(version % 2 === 1 ? 'enter' : 'exit');
      versions.set(person, version);
      if (op === 'enter') replayed.add(person);
      else replayed.delete(person);
    }
    expect([...replayed].sort((a, b) => a - b)).toEqual(members);
    return deltas;
  }

  describe('two processes', () => {
    it('state that one keeps is right though the other went on', async () => {
      const audience = await world.newAudience(twiceAMonth);
      await world.evaluate(audience);
      await world.say(order('ann', 2 * DAY), order('bob', 2 * DAY));
      await other.say(order('ann', DAY));
      expect(await world.members(audience)).toEqual([1]);
      await world.say(order('bob', 31 * DAY));
      expect(await world.members(audience)).toEqual([1]);
      for (const [index, one] of [world, other, other, world, other, world].entries()) {
        await one.say(order(`p${index % 4}`, DAY), order('bob', 40 * DAY));
        await expectExact(audience, twiceAMonth);
      }
    });

    it('a merge or an unmerge is known to both, though only the other was awake for it', async () => {
      const audience = await world.newAudience(twiceAMonth);
      const often = await world.newAudience(timesAMonth(3));
      for (const id of [audience, often]) await world.evaluate(id);
      await world.say(event({ anonymousId: 'phone' }, 'Order Completed', DAY), order('ann', 2 * DAY));
      await world.say(identify({ userId: 'ann', anonymousId: 'phone' }));
      expect(await world.members(audience)).toHaveLength(1);
      await other.unmergeAll();
      await other.stream();
      expect(await world.members(audience)).toEqual([]);
      expect(await world.deltas(audience)).toHaveLength(2);
      // The second of the month; the third by the state of before the unmerge.
      await world.say(order('ann', DAY));
      await expectExact(audience, twiceAMonth);
      await expectExact(often, timesAMonth(3));
      expect(await world.deltas(often)).toEqual([]);
    });

    it('both at once: one works, the other waits its turn, nothing comes twice', async () => {
      const audience = await world.newAudience(twiceAMonth);
      await world.evaluate(audience);
      const people = Array.from({ length: 300 }, (_, index) => `p${index}`);
      for (let round = 0; round < 4; round++) {
        await world.accept(...people.map((who) => order(who, round * DAY + 1)));
        await world.apply();
        await Promise.all([world.stream(), other.stream(), world.stream(), other.stream()]);
      }
      const deltas = await expectExact(audience, twiceAMonth);
      expect(deltas).toHaveLength(300);
    });
  });

  it('more merges at once than are woken in a turn: nobody is judged by half of their events', async () => {
    const where = {
      all: [{ trait: { path: 'vip', op: 'eq', value: true } }, { not: { event: { name: 'Refund' } } }],
    };
    const audience = await world.newAudience(where);
    await world.evaluate(audience);
    const people = Array.from({ length: 700 }, (_, index) => index);
    await world.say(...people.map((index) => event({ anonymousId: `a${index}` }, 'Refund')));
    await world.say(...people.map((index) => order(`u${index}`)));
    await world.say(
      ...people.map((index) => identify({ userId: `u${index}`, anonymousId: `a${index}` }, { vip: true })),
    );
    expect(await world.deltas(audience)).toEqual([]);
    await expectExact(audience, where);
  }, 60_000);

  it('a turn that fails leaves no trace, and the next one takes all of it up', async () => {
    const audience = await world.newAudience(twiceAMonth);
    await world.evaluate(audience);
    await world.say(order('ann', 2 * DAY));
    await world.accept(order('ann'), order('bob'), order('bob'));
    await world.apply();
    const failing = jest
      .spyOn(world.get(StreamCursorStore), 'advance')
      .mockRejectedValueOnce(new Error('gone'));
    await expect(world.get(StreamEvaluator).turn(world.workspaceId)).rejects.toThrow('gone');
    failing.mockRestore();
    expect(await world.members(audience)).toEqual([]);
    await world.stream();
    expect(await expectExact(audience, twiceAMonth)).toHaveLength(2);
  });

  it('poisoned state and a lost wake show as drift, are healed, and stay healed', async () => {
    const audience = await world.newAudience(twiceAMonth);
    const often = await world.newAudience(timesAMonth(3));
    for (const id of [audience, often]) await world.evaluate(id);
    await world.say(order('ann', 2 * DAY), order('bob', 2 * DAY), order('bob', 3 * DAY));
    const plan = await world.database.tx(world.workspaceId, (tx) => world.get(PlanLoader).load(tx));
    // Forgets Ann's first order, so her second one is taken for her first.
    (await world.state(1))!.events.remove(0, plan.slots[0]!, 1);
    await world.say(order('ann', DAY));
    expect(await world.members(audience)).toEqual([2]);
    const before = (await driftFound.get()).values[0]?.value ?? 0;
    expect(await world.evaluate(audience)).toMatchObject({ drift: 1, entered: 1, exited: 0 });
    expect((await driftFound.get()).values[0]?.value).toBe(before + 1);
    // What was wrong in memory is not believed again: it is her third order.
    await world.say(order('ann', 2 * DAY));
    expect(await world.members(often)).toEqual([1]);
    await expectExact(often, timesAMonth(3));
    const deltas = await expectExact(audience, twiceAMonth);
    expect(deltas.map(({ cause }) => cause.kind)).toEqual(['event', 'reconciliation']);

    // Nobody is told when the orders leave the window, until a check looks.
    world.clock.advance(28 * DAY);
    await world.sweep();
    await world.database.tx(world.workspaceId, (tx) =>
      tx.query('DELETE FROM profile_wake WHERE workspace_id = $1', [tx.workspaceId]),
    );
    world.clock.advance(HOUR);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 2, entered: 0, exited: 2 });
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0 });
    await expectExact(audience, twiceAMonth);
  });

  it('state beyond the bound is given up and read again, exactly', async () => {
    const caches = world.get(PersonCaches);
    const most = caches.mostKept;
    // Fewer than twenty persons.
    caches.mostKept = 20_000;
    try {
      const audience = await world.newAudience(twiceAMonth);
      await world.evaluate(audience);
      const people = Array.from({ length: 50 }, (_, index) => `p${index}`);
      for (const round of [3, 2, 1]) {
        for (const part of [people.slice(0, 25), people.slice(25)]) {
          await world.say(...part.map((who) => order(who, round * DAY)));
          expect(caches.kept).toBeLessThanOrEqual(20_000);
        }
      }
      const first = world.workspaceId;
      expect(await expectExact(audience, twiceAMonth)).toHaveLength(50);
      // The bound is one for all workspaces: the one not worked on gives way.
      await world.newWorkspace();
      await world.newAudience(twiceAMonth);
      await world.say(...people.slice(0, 28).map((who) => order(who)));
      expect(caches.kept).toBeGreaterThan(10_000);
      expect(caches.kept).toBeLessThanOrEqual(20_000);
      world.workspaceId = first;
      await world.say(order('p0', 40 * DAY));
      await expectExact(audience, twiceAMonth);
    } finally {
      caches.mostKept = most;
    }
  });

  it('of more events than are kept the oldest count too', async () => {
    const pairs = {
      sequence: {
        first: { name: 'Email Opened' },
        then: { present: { name: 'Order Completed' } },
        gap: '1d',
      },
    };
    const audience = await world.newAudience(pairs);
    const opens = (ago: number, count: number): object[] =>
      Array.from({ length: count }, (_, index) => event({ userId: 'ann' }, 'Email Opened', ago - index));
    await world.say(...opens(60 * DAY, MOST_MATCHES + 1), ...opens(40 * DAY, 80));
    await world.say(order('ann', 59 * DAY + HOUR));
    expect(await world.members(audience)).toEqual([1]);
    await expectExact(audience, pairs);
  });

  it('an audience that another one uses is edited: both follow, once each', async () => {
    await world.say(order('ann'), order('ann'), order('bob'));
    const used = await world.newAudience(twiceAMonth);
    await world.evaluate(used);
    const user = await world.newAudience({ not: { audience: { id: used } } });
    await world.evaluate(user);
    expect(await world.members(user)).toEqual([2]);
    const audiences = world.get(AudienceService);
    const { version } = await audiences.get(world.workspaceId, used);
    const where = bought();
    const definition = { version: 1 as const, where };
    await audiences.change(world.workspaceId, used, { definition }, version, 'spec');
    await world.say(order('cid'));
    for (const id of [used, user]) await world.evaluate(id);
    await expectExact(used, where);
    await expectExact(user, { not: where });
    expect(await world.deltas(used)).toHaveLength(3);
    for (const id of [used, user]) expect(await world.evaluate(id)).toMatchObject({ drift: 0 });
  });

  it('1,000 definitions: turns take few statements, small transactions, and memory by events alone', async () => {
    const audiences = world.get(AudienceStore);
    await world.database.tx(world.workspaceId, async (tx) => {
      for (let index = 0; index < 1000; index++) {
        const where = bought({ where: [{ path: 'spent', op: 'gte', value: index }] });
        const definition = { version: 1, where };
        const at = world.clock.now();
        await audiences.insert(tx, { id: newId(), name: `a${index}`, description: '', definition, at });
      }
    });
    const people = Array.from({ length: 300 }, (_, index) => `p${index}`);
    await world.accept(
      ...people.map((userId, index) => event({ userId }, 'Order Completed', DAY, { spent: index })),
    );
    await world.apply();
    const query = jest.spyOn(Transaction.prototype, 'query');
    const evaluator = world.get(StreamEvaluator);
    let most = { statements: 0, changes: 0 };
    for (let taken = 1; taken > 0;) {
      query.mockClear();
      ({ taken } = await evaluator.turn(world.workspaceId));
      const changes = query.mock.calls.filter(([text]) => text.includes('INSERT INTO membership'));
      const rows = changes.map(([, values]) => (values?.[2] as unknown[]).length);
      most = {
        statements: Math.max(most.statements, query.mock.calls.length),
        changes: Math.max(most.changes, ...rows),
      };
    }
    query.mockRestore();
    // A turn that had taken too much up and began again included.
    expect(most.statements).toBeLessThan(40);
    expect(most.changes).toBeLessThanOrEqual(2000);
    const { rows } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query<{ members: number }>(
        'SELECT count(*)::int AS members FROM membership WHERE workspace_id = $1 AND member',
        [tx.workspaceId],
      ),
    );
    expect(rows[0]?.members).toBe((300 * 301) / 2);
    // An event passes the slots of those definitions that take it, and costs nothing in the others.
    expect((await world.state(1))!.events).toHaveLength(1);
  }, 120_000);
});
