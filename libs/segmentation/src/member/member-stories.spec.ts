import fc from 'fast-check';
import { startTestEngines, startTestShards, type TestEngines, type TestShards } from '@percorso/engines';
import { AudienceService } from '../audience/audience.service';
import { StreamWorld } from '../stream/stream-world';
import { AccountStory, bought, boughtLately, isTrait } from './account-story';

const SEED = Number(process.env.PERCORSO_SEED);
const STORIES = Number(process.env.PERCORSO_STORIES ?? 2);
const DAY = 86_400_000;

describe.each([1, 2])('stories of accounts, with ClickHouse on %i', (shards) => {
  let engines: TestEngines;
  let servers: TestShards | undefined;
  let world: StreamWorld;
  let story: AccountStory;

  beforeAll(async () => {
    engines = await startTestEngines();
    // Members of an account are on both.
    servers = shards > 1 ? await startTestShards(shards) : undefined;
    world = await StreamWorld.start({ ...engines, ...(servers && { clickhouseUrl: servers.urls }) });
    story = new AccountStory(world);
  }, 120_000);

  afterAll(async () => {
    await world?.stop();
    await servers?.stop();
    await engines?.stop();
  });

  const user = fc.constantFrom('u0', 'u1', 'u2', 'u3', 'u4');
  const ago = fc.constantFrom(0, DAY, 7 * DAY, 30 * DAY, 30 * DAY + 1);
  const inner = fc.constantFrom<object>(
    boughtLately,
    { not: boughtLately },
    bought({ within: { last: '7d' } }),
    { all: [bought(), { trait: { path: 'seen', op: 'lt', value: { ago: '1d' } } }] },
    { identity: { namespace: 'anonymous_id', op: 'exists' } },
    { account: { where: [isTrait('plan', 'pro')] } },
    { sequence: { first: { name: 'Order Completed' }, then: { absent: { name: 'Refund' } }, gap: '1d' } },
  );
  const condition = fc.record(
    {
      where: inner,
      others: fc.boolean(),
      account: fc.constantFrom(
        [isTrait('plan', 'pro')],
        [{ path: 'renewal', op: 'lt', value: { ahead: '7d' } }],
      ),
    },
    { requiredKeys: ['where'] },
  );
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom('order' as const, 'order' as const, 'refund' as const),
        user,
        ago,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('join' as const),
        user,
        account: fc.constantFrom('g0', 'g1', 'g2'),
        traits: fc.record(
          {
            plan: fc.constantFrom('pro', 'free'),
            renewal: fc.constantFrom('2026-06-20', '2026-06-25T12:00:00Z', '2026-07-30'),
          },
          { requiredKeys: [] },
        ),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('login' as const),
        user,
        device: fc.constantFrom('d0', 'd1'),
        seen: fc.constantFrom('2026-06-14T12:00:00Z', '2026-06-16'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.constantFrom(1, DAY, DAY + 1, 7 * DAY, 23 * DAY),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('erase' as const), user }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('edit' as const), index: fc.nat(2), where: condition }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'unmerge' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  async function take(one: Step, audiences: [string, object][]): Promise<void> {
    switch (one.kind) {
      case 'order':
        return world.say(story.order(one.user, one.ago));
      case 'refund':
        return world.say(story.said('track', one.user, one.ago, { event: 'Refund' }));
      case 'join':
        return world.say(story.joins(one.user, one.account, one.traits));
      case 'login':
        return world.say(story.identify(one.user, { seen: one.seen }, { anonymousId: one.device }));
      case 'wait':
        world.clock.advance(one.ms);
        await world.sweep();
        return world.stream();
      case 'erase':
        return story.erase(one.user);
      case 'unmerge':
        await world.unmergeAll();
        return world.stream();
      case 'restart':
        return world.forget();
      case 'edit': {
        const audience = audiences[one.index]!;
        const service = world.get(AudienceService);
        const { version } = await service.get(world.workspaceId, audience[0]);
        const where = { accountMember: one.where };
        const change = { definition: { version: 1 as const, where } };
        await service.change(world.workspaceId, audience[0], change, version, 'spec');
        audience[1] = where;
        await world.evaluate(audience[0]);
      }
    }
  }

  it(
    `holds whom the set holds at every step of random stories (seed ${SEED})`,
    async () => {
      let changes = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(condition, { minLength: 3, maxLength: 3 }),
          fc.array(step, { minLength: 15, maxLength: 30 }),
          async (conditions, steps) => {
            await world.newWorkspace();
            await world.sweep();
            const audiences: [string, object][] = [];
            for (const where of conditions)
              audiences.push([await story.newAudience(where), { accountMember: where }]);
            for (const [index, one] of steps.entries()) {
              await take(one, audiences);
              if (index % 3 !== 2 && index !== steps.length - 1) continue;
              for (const [id, where] of audiences) {
                const members = await world.members(id);
                expect({ one, where, members }).toEqual({ one, where, members: await world.set(where, id) });
              }
            }
            for (const [id] of audiences) {
              expect(await world.evaluate(id)).toMatchObject({ state: 'done', drift: 0 });
              changes += (await world.deltas(id)).length;
            }
          },
        ),
        { seed: SEED, numRuns: STORIES, endOnFailure: true },
      );
      // A few stories may change little.
      expect(changes).toBeGreaterThan(STORIES);
    },
    120_000 + STORIES * 30_000,
  );
});
