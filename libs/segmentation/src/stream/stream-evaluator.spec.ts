import fc from 'fast-check';
import { arbitraryCondition, memberCondition } from '../compile/arbitraries';
import { SetGuard } from './set-guard';
import { useStreamWorld } from './stream-fixture';
import type { StreamWorld } from './stream-world';

const SEED = Number(process.env.PERCORSO_SEED);
/** More than one: the same over so many ClickHouse servers. */
const SHARDS = Number(process.env.PERCORSO_SHARDS ?? 1);
const STORIES = Number(process.env.PERCORSO_STORIES ?? 2);
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

const bought = (where: object = {}): object => ({ event: { name: 'Order Completed', ...where } });
const twiceAMonth = bought({ within: { last: '30d' }, measure: 'count', op: 'gte', value: 2 });

describe('StreamEvaluator', () => {
  let world: StreamWorld;
  let serial = 0;

  useStreamWorld((started) => (world = started), SHARDS);

  const event: StreamWorld['event'] = (...given) => world.event(...given);
  const order = (userId: string, ago = 1, properties: object = {}): object =>
    event({ userId }, 'Order Completed', ago, properties);

  it('lets persons enter by the event and leave by time, to the millisecond, each with its cause', async () => {
    const audience = await world.newAudience(twiceAMonth);
    await world.evaluate(audience);
    await world.say(order('ann', 29 * DAY), order('bob', 5 * DAY));
    expect(await world.members(audience)).toEqual([]);
    await world.say(order('ann', HOUR));
    const [ann] = await world.members(audience);
    expect(ann).toBe(1);

    // In the window until exactly 30 days have passed.
    world.clock.advance(DAY);
    await world.sweep();
    await world.stream();
    expect(await world.members(audience)).toEqual([ann]);
    world.clock.advance(1);
    await world.stream();
    expect(await world.members(audience)).toEqual([]);
    expect((await world.deltas(audience)).map(({ op, cause }) => [op, cause.kind])).toEqual([
      ['enter', 'event'],
      ['exit', 'time'],
    ]);
  });

  it('takes late, duplicated and reordered events as if they had come in order', async () => {
    const audience = await world.newAudience(twiceAMonth);
    const late = order('ann', 20 * DAY);
    const newest = order('ann');
    await world.say(newest);
    await world.say(newest, late, late);
    await world.say(order('bob', 31 * DAY), order('bob', DAY));
    expect(await world.members(audience)).toEqual([1]);
  });

  it('follows a merge and an unmerge', async () => {
    const audience = await world.newAudience(twiceAMonth);
    await world.evaluate(audience);
    await world.say(event({ anonymousId: 'phone' }, 'Order Completed', DAY), order('ann', 2 * DAY));
    expect(await world.members(audience)).toEqual([]);
    await world.say({ type: 'identify', messageId: 'i1', userId: 'ann', anonymousId: 'phone', traits: {} });
    expect(await world.members(audience)).toHaveLength(1);
    expect(await world.unmergeAll()).toBe(1);
    await world.stream();
    expect(await world.members(audience)).toEqual([]);
  });

  it('reads events of persons it has no state of, and of those who have more than are kept', async () => {
    const pairs = {
      sequence: {
        first: { name: 'Email Opened' },
        then: { present: { name: 'Order Completed' } },
        gap: '1d',
      },
    };
    const audience = await world.newAudience(pairs);
    const opens = Array.from({ length: 600 }, (_, index) =>
      event({ userId: 'ann' }, 'Email Opened', 40 * DAY - index * MINUTE),
    );
    await world.say(...opens);
    world.forget();
    await world.say(order('ann', 2 * DAY));
    expect(await world.members(audience)).toEqual([]);
    await world.say(event({ userId: 'ann' }, 'Email Opened', 2 * DAY + HOUR));
    expect(await world.members(audience)).toEqual([1]);
  });

  it('computes a new audience beside arriving events: no gap, and nobody twice', async () => {
    const people = Array.from({ length: 40 }, (_, index) => `p${index}`);
    await world.say(...people.flatMap((who) => [order(who, 2 * DAY), order(who, 3 * DAY)]));
    const guard = world.get(SetGuard);
    const audience = await world.newAudience({ all: [twiceAMonth, { not: { event: { name: 'Refund' } } }] });
    // Between the computing of the set and its writing, some change: one out, one in, one both.
    const original = guard.caughtUp.bind(guard);
    const changing = jest.spyOn(guard, 'caughtUp').mockImplementation(async (...args) => {
      await world.say(
        event({ userId: 'p0' }, 'Refund'),
        order('new', DAY),
        order('new', 4 * DAY),
        order('p1'),
      );
      return original(...args);
    });
    await world.evaluate(audience);
    changing.mockRestore();
    const members = await world.members(audience);
    expect(members).toHaveLength(40);
    expect(members).not.toContain(1);
    const deltas = await world.deltas(audience);
    expect(deltas).toHaveLength(40);
    expect(new Set(deltas.map(({ cause }) => cause.kind))).toEqual(new Set(['backfill']));
    await world.stream();
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0, entered: 0, exited: 0 });
  });

  it('does not write a set whose definition was edited while it was computed', async () => {
    await world.say(order('ann'), order('ann'));
    const audience = await world.newAudience(twiceAMonth);
    const guard = world.get(SetGuard);
    const editing = jest.spyOn(guard, 'caughtUp').mockImplementation(async () => {
      await world.database.tx(world.workspaceId, (tx) =>
        tx.query(
          `WITH edited AS (UPDATE audience SET definition_version = 2 WHERE workspace_id = $1 AND id = $2)
           INSERT INTO audience_definition SELECT workspace_id, audience_id, 2, $3, created_at
           FROM audience_definition WHERE workspace_id = $1 AND audience_id = $2`,
          [
            world.workspaceId,
            audience,
            JSON.stringify({ version: 1, where: bought({ op: 'gt', value: 5 }) }),
          ],
        ),
      );
      return true;
    });
    expect(await world.evaluate(audience)).toMatchObject({ state: 'failed', entered: 0 });
    editing.mockRestore();
    expect(await world.members(audience)).toEqual([]);
    expect(await world.evaluate(audience)).toMatchObject({ state: 'done', drift: null, entered: 0 });
  });

  it('wakes all members of a group account when it changes, a batch at a time', async () => {
    const audience = await world.newAudience({
      account: { where: [{ path: 'plan', op: 'eq', value: 'pro' }] },
    });
    await world.evaluate(audience);
    const people = Array.from({ length: 2100 }, (_, index) => `p${index}`);
    const group = (userId: string, traits: object): object => ({
      type: 'group',
      messageId: `m${++serial}`,
      timestamp: world.clock.now().toISOString(),
      userId,
      groupId: 'acme',
      traits,
    });
    for (let start = 0; start < people.length; start += 300)
      await world.say(...people.slice(start, start + 300).map((who) => group(who, { plan: 'free' })));
    expect(await world.members(audience)).toEqual([]);
    world.clock.advance(1);
    await world.say(group('p7', { plan: 'pro' }));
    expect(await world.members(audience)).toHaveLength(2100);
    const causes = (await world.deltas(audience)).map(({ cause }) => cause.kind);
    expect(new Set(causes)).toEqual(new Set(['event', 'account']));
    expect(causes.filter((kind) => kind === 'event')).toHaveLength(1);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0, members: 2100 });

    // Said again it is no change; who joins enters by its own event.
    await world.accept(group('p8', { plan: 'pro' }), group('new', {}));
    await world.apply();
    expect(await pendingAccounts()).toBe(0);
    await world.stream();
    expect(await world.members(audience)).toHaveLength(2101);
  }, 60_000);

  const pendingAccounts = async (): Promise<number> => {
    const { rows } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query<{ n: number }>('SELECT count(*)::int AS n FROM account_wake WHERE workspace_id = $1', [
        tx.workspaceId,
      ]),
    );
    return rows[0]!.n;
  };

  const who = fc.oneof(
    fc.constantFrom('u0', 'u1', 'u2').map((userId) => ({ userId })),
    fc.constantFrom('a0', 'a1', 'a2').map((anonymousId) => ({ anonymousId })),
  );
  const properties = fc.record(
    {
      spent: fc.constantFrom(0, 1, 150, 0.3, 19.99),
      tier: fc.constantFrom('gold', 'a', 1),
      seen: fc.constantFrom('2026-06-15T12:00:00Z', '2026-06-14', '2026-07-15T11:59:59.999Z'),
    },
    { requiredKeys: [] },
  );
  const source = fc.constantFrom('web', 'crm', 'shop');
  const name = fc.constantFrom('Order Completed', 'Email Opened', "Quote'd");
  const ago = fc.constantFrom(0, 1, HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 30 * DAY + 1, 90 * DAY, 400 * DAY);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('event' as const), who, name, ago, properties }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('identify' as const), who, traits: properties, source }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('policy' as const), sources: fc.uniqueArray(source) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('rollout' as const), most: fc.constantFrom(1, 100) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('group' as const),
        who,
        groupId: fc.constantFrom('g0', 'g1'),
        traits: properties,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('login' as const),
        userId: fc.constantFrom('u0', 'u1'),
        anonymousId: fc.constantFrom('a0', 'a1', 'a2'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('upload' as const),
        mode: fc.constantFrom('add' as const, 'replace' as const),
        named: fc.uniqueArray(fc.constantFrom('u0', 'u1', 'u2', 'u9', 'a0', 'a1', 'a2')),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('item' as const),
        key: fc.constantFrom('gold', 'a', '1', '150', '0.3'),
        fields: fc.option(properties),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'unmerge' as const }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.constantFrom(1, 999, HOUR, DAY - 1, DAY, DAY + 1, 7 * DAY, 23 * DAY, 60 * DAY),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'archive' as const }) },
    { weight: 1, arbitrary: arbitraryCondition.map((where) => ({ kind: 'audience' as const, where })) },
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  async function take(one: Step, audiences: Map<string, object>): Promise<void> {
    switch (one.kind) {
      case 'event':
        return world.say(event(one.who, one.name, one.ago, one.properties));
      case 'identify':
        world.source = one.source;
        await world.say({ type: 'identify', messageId: `m${++serial}`, ...one.who, traits: one.traits });
        world.source = 'web';
        return;
      case 'policy':
        return world.rankSources(...one.sources);
      case 'rollout':
        await world.rollOut(one.most);
        return world.stream();
      case 'group': {
        const { groupId, traits } = one;
        return world.say({ type: 'group', messageId: `m${++serial}`, ...one.who, groupId, traits });
      }
      case 'item': {
        await world.item('product', one.key, one.fields);
        const looking = [...audiences].filter(([, where]) => JSON.stringify(where).includes('"lookup"'));
        for (const [id] of looking) await world.evaluate(id);
        return;
      }
      case 'upload': {
        const imported = [...audiences].filter(([, where]) => JSON.stringify(where).includes('"imported"'));
        const rows = one.named.map((value) => ({
          namespace: value.startsWith('u') ? 'user_id' : 'anonymous_id',
          value,
        }));
        for (const [id] of imported) await world.upload(id, one.mode, ...rows);
        return world.stream();
      }
      case 'login': {
        const { userId, anonymousId } = one;
        return world.say({ type: 'identify', messageId: `m${++serial}`, userId, anonymousId, traits: {} });
      }
      case 'unmerge':
        await world.unmergeAll();
        return world.stream();
      case 'wait':
        world.clock.advance(one.ms);
        await world.sweep();
        return world.stream();
      case 'archive':
        await world.archive();
        return world.forget();
      case 'restart':
        return world.forget();
      case 'audience': {
        const id = await world.newAudience(one.where);
        await world.evaluate(id);
        audiences.set(id, one.where);
      }
    }
  }

  it(
    `holds the same members as the set at every step of random stories (seed ${SEED})`,
    async () => {
      let changes = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof({ weight: 3, arbitrary: arbitraryCondition }, { weight: 1, arbitrary: memberCondition }),
            { minLength: 6, maxLength: 9 },
          ),
          fc.array(step, { minLength: 12, maxLength: 25 }),
          async (conditions, steps) => {
            await world.newWorkspace();
            await world.sweep();
            const audiences = new Map<string, object>();
            for (const where of conditions) audiences.set(await world.newAudience(where), where);
            for (const id of audiences.keys()) await world.evaluate(id);
            for (const [index, one] of steps.entries()) {
              await take(one, audiences);
              if (index % 4 !== 3 && index !== steps.length - 1) continue;
              for (const [id, where] of audiences) {
                expect({ where, members: await world.members(id) }).toEqual({
                  where,
                  members: await world.set(where, id),
                });
              }
            }
            for (const id of audiences.keys()) {
              expect(await world.evaluate(id)).toMatchObject({ state: 'done', drift: 0 });
              changes += (await world.deltas(id)).length;
            }
          },
        ),
        { seed: SEED, numRuns: STORIES, endOnFailure: true },
      );
      expect(changes).toBeGreaterThan(STORIES * 2);
    },
    300_000 + STORIES * 15_000,
  );
});
