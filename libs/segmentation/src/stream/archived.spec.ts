import fc from 'fast-check';
import { Shards } from '@percorso/storage';
import { arbitraryCondition, memberCondition } from '../compile/arbitraries';
import { TraitWorld } from '../computed-trait/trait-world';
import { ExplainService, type ExplainedMembership } from '../explain/explain.service';
import { useStreamWorld } from './stream-fixture';
import type { StreamWorld } from './stream-world';

const SEED = Number(process.env.PERCORSO_SEED);
const WORLDS = Math.ceil(Number(process.env.PERCORSO_STORIES ?? 2) / 2);
const [HOUR, DAY] = [3_600_000, 86_400_000];
const NAMES = ['Order Completed', 'Email Opened', "Quote'd"];

/** What most calls change. */
const OFTEN = [
  { event: { name: 'Order Completed', measure: { sum: 'spent' }, op: 'gt', value: 1 } },
  { not: { event: { name: 'Email Opened', within: { last: '7d' } } } },
  { trait: { path: 'value', op: 'gt', value: 100 } },
  { consent: { channel: 'email', is: 'granted' } },
];

const who = fc.oneof(
  fc.constantFrom('u0', 'u1', 'u2').map((userId) => ({ userId })),
  fc.constantFrom('a0', 'a1').map((anonymousId) => ({ anonymousId })),
);
const properties = fc.record(
  {
    spent: fc.constantFrom(0, 1, 150, 0.3, 19.99, null),
    tier: fc.constantFrom<unknown>('gold', 'a', 1, true, ['a', 1]),
    seen: fc.constantFrom('2026-06-15T12:00:00Z', '2026-06-14', '2026-07-15T11:59:59.999Z'),
  },
  { requiredKeys: [] },
);
const call = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('track'), event: fc.constantFrom(...NAMES), properties }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('identify'), traits: properties }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('group'),
      groupId: fc.constantFrom('g0', 'g1'),
      traits: properties,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.boolean().map((email) => ({
      type: 'page',
      context: { consent: { categoryPreferences: { email } } },
    })),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'identify', userId: 'u1', anonymousId: 'a1', traits: {} }) },
);
const said = fc.tuple(
  who,
  call,
  fc.constantFrom(0, 1, HOUR, DAY, 30 * DAY),
  fc.constantFrom(0, HOUR, DAY, 5 * DAY),
);

describe.each([1, 3])(
  'what is told of persons whose events are in ClickHouse only, on %i shards',
  (count) => {
    let world: StreamWorld;
    let serial = 0;

    useStreamWorld((started) => (world = started), count);

    const item = (fields: object, ago = 0): object => ({
      messageId: `m${++serial}`,
      timestamp: new Date(world.clock.now().getTime() - ago).toISOString(),
      ...fields,
    });
    const order = (userId: string): object => item({ type: 'track', userId, event: 'Order Completed' });
    const sql = async <R extends object>(text: string): Promise<R[]> =>
      (await world.database.tx(world.workspaceId, (tx) => tx.query<R & object>(text, [world.workspaceId])))
        .rows as R[];
    const kept = async (): Promise<number> =>
      (await sql<{ n: number }>('SELECT count(*)::int AS n FROM event WHERE workspace_id = $1'))[0]!.n;

    async function explained(
      audiences: Iterable<string>,
      moments: readonly (Date | undefined)[],
    ): Promise<ExplainedMembership[]> {
      const profiles = await sql<{ id: string }>(
        `SELECT id FROM profile WHERE workspace_id = $1 AND state = 'active' ORDER BY id`,
      );
      const told: ExplainedMembership[] = [];
      for (const audience of audiences)
        for (const { id } of profiles)
          for (const at of moments)
            told.push(await world.get(ExplainService).explain(world.workspaceId, audience, id, at));
      return told;
    }

    /** Everybody is looked at with nothing in memory. */
    async function rebuild(): Promise<void> {
      world.forget();
      await sql(`UPDATE profile_wake SET due_at = '2000-01-01', rebuild = true WHERE workspace_id = $1`);
      await sql(
        `INSERT INTO profile_wake (workspace_id, person, due_at) SELECT workspace_id, person, '2000-01-01' FROM profile
       WHERE workspace_id = $1 AND state = 'active' ON CONFLICT DO NOTHING`,
      );
      await sql(`UPDATE stream_cursor SET next_wake = '2000-01-01' WHERE workspace_id = $1`);
      await world.stream();
    }

    it(
      `is what PostgreSQL told: why, now and at past moments, and who belongs, found anew (seed ${SEED})`,
      async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(arbitraryCondition, { minLength: 3, maxLength: 4 }),
            memberCondition,
            fc.array(said, { minLength: 25, maxLength: 35 }),
            async (conditions, member, calls) => {
              await world.newWorkspace();
              await world.sweep();
              const traits = new TraitWorld(world);
              const spent = { event: { name: 'Order Completed', measure: { sum: 'spent' } } };
              await traits.define('value', { version: 1, ...spent });
              const audiences = new Map<string, object>();
              for (const where of [...OFTEN, member, ...conditions])
                audiences.set(await world.newAudience(where), where);
              await traits.work();
              const moments: (Date | undefined)[] = [undefined];
              for (const [index, [person, what, ago, wait]] of calls.entries()) {
                await world.say(item({ ...person, ...what }, ago));
                if (index % 12 === 11) moments.push(world.clock.now());
                world.clock.advance(wait);
              }
              world.clock.advance(DAY);
              await world.say(order('u0'), order('u2'));
              await world.sweep();
              await world.stream();
              const before = await explained(audiences.keys(), moments);
              const [all, members] = [
                await kept(),
                await Promise.all([...audiences.keys()].map((id) => world.members(id))),
              ];
              await world.archive();
              expect(await kept()).toBe(2);
              expect(all).toBeGreaterThan(20);
              expect(await explained(audiences.keys(), moments)).toEqual(before);
              await rebuild();
              let index = 0;
              for (const [id, where] of audiences) {
                expect({ where, members: await world.members(id) }).toEqual({
                  where,
                  members: members[index++],
                });
                expect({ where, members: await world.set(where, id) }).toEqual({
                  where,
                  members: await world.members(id),
                });
              }
              // And what comes after, on what was found.
              await world.unmergeAll();
              await world.say(order('u1'), item({ type: 'track', anonymousId: 'a1', event: 'Email Opened' }));
              for (const [id, where] of audiences) {
                expect({ where, members: await world.members(id) }).toEqual({
                  where,
                  members: await world.set(where, id),
                });
                expect(await world.evaluate(id)).toMatchObject({ state: 'done', drift: 0 });
              }
              expect(await traits.check()).toBe(0);
            },
          ),
          { seed: SEED, numRuns: WORLDS, endOnFailure: true },
        );
      },
      120_000 + WORLDS * 30_000,
    );

    it('counts more matches than are kept, each time exactly', async () => {
      const where = {
        sequence: {
          first: { name: 'Email Opened' },
          then: { present: { name: 'Order Completed' } },
          gap: '1d',
        },
      };
      const audience = await world.newAudience(where);
      const opens = Array.from({ length: 600 }, (_, index) =>
        item({ type: 'track', userId: 'ann', event: 'Email Opened' }, 40 * DAY - index * 60_000),
      );
      await world.say(...opens);
      world.clock.advance(2 * DAY);
      await world.archive();
      expect(await kept()).toBe(0);
      world.forget();
      await world.say(order('ann'));
      expect(await world.members(audience)).toEqual([]);
      await world.say(item({ type: 'track', userId: 'ann', event: 'Email Opened' }, HOUR));
      expect(await world.members(audience)).toEqual([1]);
      expect(await world.set(where)).toEqual([1]);
    });

    it('waits while ClickHouse is away, for those alone who have older events, and loses and doubles nothing', async () => {
      const where = { event: { name: 'Order Completed', measure: 'count', op: 'gte', value: 2 } };
      const audience = await world.newAudience(where);
      await world.evaluate(audience);
      await world.say(order('ann'), order('bob'));
      const known = [
        ...(await sql<{ id: string }>('SELECT id FROM profile WHERE workspace_id = $1 ORDER BY person')),
      ];
      world.clock.advance(2 * DAY);
      await world.archive();
      world.forget();
      const dead = Shards.connect(Array.from({ length: count }, () => 'http://127.0.0.1:9'));
      const quiet = jest.spyOn(console, 'error').mockImplementation();
      const away = jest.spyOn(world.get(Shards), 'at').mockImplementation((shard) => dead.at(shard));
      const explain = (id: string): Promise<ExplainedMembership> =>
        world.get(ExplainService).explain(world.workspaceId, audience, id);

      await world.say(order('new'), order('new'));
      expect(await world.members(audience)).toEqual([3]);
      const unavailable = { status: 503, code: 'older-events-unavailable' };
      await expect(world.say(order('ann'))).rejects.toMatchObject(unavailable);
      await expect(world.stream()).rejects.toMatchObject(unavailable);
      await expect(explain(known[0]!.id)).rejects.toMatchObject(unavailable);
      expect(await world.members(audience)).toEqual([3]);
      const [latest] = await sql<{ id: string }>(
        'SELECT id FROM profile WHERE workspace_id = $1 AND person = 3',
      );
      expect(await explain(latest!.id)).toMatchObject({ holds: true, where: { evidence: { value: '2' } } });

      away.mockRestore();
      await world.stream();
      expect(await world.members(audience)).toEqual([1, 3]);
      expect(await world.deltas(audience)).toHaveLength(2);
      expect(await explain(known[0]!.id)).toMatchObject({ holds: true, where: { evidence: { value: '2' } } });
      expect(await world.set(where)).toEqual([1, 3]);
      await dead.close();
      quiet.mockRestore();
    });
  },
);
