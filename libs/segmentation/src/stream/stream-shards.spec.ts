import fc from 'fast-check';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import type { Held } from '@percorso/storage';
import { EvaluationService } from '../evaluation/evaluation.service';
import { Evaluator } from '../evaluation/evaluator';
import { holdMembership } from '../membership/membership-lock';
import { StreamCursorStore } from './stream-cursor.store';
import { StreamEvaluator } from './stream-evaluator';
import { StreamWorld } from './stream-world';

const [HOUR, DAY] = [3_600_000, 86_400_000];
const SEED = Number(process.env.PERCORSO_SEED);
const STORIES = Number(process.env.PERCORSO_STORIES ?? 2);

const orders = (value: number, within = {}): object => ({
  event: { name: 'Order Completed', measure: 'count', op: 'gte', value, ...within },
});
/** What a person who once has it never loses by events or time, though everything else comes and goes. */
const EVER = orders(1);
const CONDITIONS = [
  EVER,
  orders(2, { within: { last: '30d' } }),
  { not: orders(1, { within: { last: '7d' } }) },
  { all: [{ trait: { path: 'tier', op: 'eq', value: 'gold' } }, orders(3)] },
  {
    sequence: {
      first: { name: 'Cart Viewed' },
      then: { absent: { name: 'Order Completed' } },
      gap: '1d',
    },
  },
];

const person = fc.oneof(
  fc.integer({ min: 0, max: 11 }).map((n) => ({ userId: `u${n}` })),
  fc.integer({ min: 0, max: 7 }).map((n) => ({ anonymousId: `a${n}` })),
);
const which = fc.integer({ min: 0, max: 2 });
const partition = fc.integer({ min: 0, max: 7 });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('event' as const),
      who: person,
      name: fc.constantFrom('Order Completed', 'Cart Viewed'),
      ago: fc.constantFrom(0, HOUR, DAY, 8 * DAY, 40 * DAY),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('login' as const),
      userId: fc.integer({ min: 0, max: 11 }).map((n) => `u${n}`),
      anonymousId: fc.integer({ min: 0, max: 7 }).map((n) => `a${n}`),
      tier: fc.constantFrom('gold', 'none'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'unmerge' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, HOUR, DAY, 8 * DAY, 30 * DAY),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('turn' as const), process: which }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), partition, process: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('split' as const), of: fc.constantFrom(2, 4, 8) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), process: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const), process: which }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Several processes that share one workspace by leases which the spec hands out. */
class SharedWorkspace {
  readonly ids = [newId(), newId(), newId()];
  private serial = 0;

  constructor(private readonly worlds: readonly StreamWorld[]) {}

  get first(): StreamWorld {
    return this.worlds[0]!;
  }

  async open(): Promise<void> {
    await this.first.newWorkspace();
    for (const world of this.worlds) {
      world.workspaceId = this.first.workspaceId;
      world.clock.advance(Math.max(0, this.first.clock.now().getTime() - world.clock.now().getTime()));
    }
    await this.sql(
      `INSERT INTO lease (workspace_id, kind, partition, owner, fence) VALUES ($1, 'stream', 0, $2, 1)`,
      [this.ids[0]],
    );
    await this.first.sweep();
  }

  async held(process: number): Promise<Held[]> {
    return this.sql<Held>(
      `SELECT partition, fence FROM lease WHERE workspace_id = $1 AND kind = 'stream' AND owner = $2`,
      [this.ids[process]],
    );
  }

  async turn(process: number, held?: readonly Held[]): Promise<number> {
    const world = this.worlds[process]!;
    const { taken } = await world
      .get(StreamEvaluator)
      .turn(world.workspaceId, held ?? (await this.held(process)));
    return taken;
  }

  /** All processes side by side until nothing waits. */
  async settle(): Promise<void> {
    const take = async (process: number): Promise<number> => {
      let sum = 0;
      for (let taken = 1; taken > 0; sum += taken) taken = await this.turn(process);
      return sum;
    };
    for (let taken = 1; taken > 0;) {
      const sums = await Promise.all(this.worlds.map((_, process) => take(process)));
      taken = sums.reduce((sum, one) => sum + one, 0);
    }
  }

  async take(one: Step): Promise<void> {
    const { first } = this;
    switch (one.kind) {
      case 'event': {
        const timestamp = new Date(first.clock.now().getTime() - one.ago).toISOString();
        await first.accept({
          type: 'track',
          messageId: `m${++this.serial}`,
          timestamp,
          event: one.name,
          ...one.who,
        });
        return first.apply();
      }
      case 'login': {
        const { userId, anonymousId, tier } = one;
        await first.accept({
          type: 'identify',
          messageId: `m${++this.serial}`,
          userId,
          anonymousId,
          traits: { tier },
        });
        return first.apply();
      }
      case 'unmerge': {
        await first.unmergeAll();
        return;
      }
      case 'wait':
        for (const { clock } of this.worlds) clock.advance(one.ms);
        return first.sweep();
      case 'turn': {
        await this.turn(one.process);
        return;
      }
      case 'move': {
        const before = await this.sql<Held & { owner: string }>(
          `SELECT partition, fence, owner FROM lease WHERE workspace_id = $1 AND kind = 'stream' AND partition = $2`,
          [one.partition],
        );
        await this.sql(
          `UPDATE lease SET owner = $3, fence = fence + 1 WHERE workspace_id = $1 AND kind = 'stream' AND partition = $2`,
          [one.partition, this.ids[one.process]],
        );
        for (const { owner, ...stale } of before) {
          expect(await this.turn(this.ids.indexOf(owner), [stale])).toBe(0);
        }
        return;
      }
      case 'split': {
        await first.database.tx(first.workspaceId, async (tx) => {
          await first.get(StreamCursorStore).hold(tx);
          await holdMembership(tx);
          await first.get(StreamCursorStore).split(tx, one.of);
        });
        await this.sql(
          `UPDATE lease SET owner = $2, fence = fence + 1 WHERE workspace_id = $1 AND owner IS NULL`,
          [this.ids[one.of % 3]],
        );
        return;
      }
      case 'restart':
        return this.worlds[one.process]!.forget();
      case 'sweep':
        return this.worlds[one.process]!.sweep();
    }
  }

  /** By another process than the one that keeps most, while the others are where they are. */
  async evaluate(audience: string): Promise<unknown> {
    const [, world] = this.worlds as [StreamWorld, StreamWorld];
    for (const { clock } of this.worlds) clock.advance(1);
    await this.settle();
    const { id } = await world.get(EvaluationService).request(world.workspaceId, audience, 'spec');
    await world.get(Evaluator).evaluate(world.workspaceId, id);
    return world.get(EvaluationService).get(world.workspaceId, id);
  }

  private async sql<R extends object>(text: string, values: unknown[]): Promise<R[]> {
    const { database, workspaceId } = this.first;
    const { rows } = await database.tx(workspaceId, (tx) => tx.query(text, [workspaceId, ...values]));
    return rows as R[];
  }
}

describe('StreamEvaluator shared by several processes', () => {
  let engines: TestEngines;
  let worlds: StreamWorld[] = [];

  beforeAll(async () => {
    engines = await startTestEngines();
    worlds = [
      await StreamWorld.start(engines),
      await StreamWorld.start(engines),
      await StreamWorld.start(engines),
    ];
  }, 120_000);

  afterAll(async () => {
    for (const world of worlds) await world.stop();
    await engines?.stop();
  });

  it(
    `is exact while partitions move and split, persons merge and time passes (seed ${SEED}, ${STORIES} stories)`,
    async () => {
      let changes = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 80 }), async (steps) => {
          const shared = new SharedWorkspace(worlds);
          const { first } = shared;
          await shared.open();
          await shared.take({ kind: 'split', of: 2 });
          const audiences = new Map<string, object>();
          for (const where of CONDITIONS) audiences.set(await first.newAudience(where), where);
          for (const id of audiences.keys()) await shared.evaluate(id);
          for (const one of steps) await shared.take(one);
          await shared.settle();
          const unmerged = steps.some(({ kind }) => kind === 'unmerge');
          for (const [id, where] of audiences) {
            const members = await first.members(id);
            expect({ where, members }).toEqual({ where, members: await first.set(where, id) });
            const versions = new Map<number, number>();
            for (const { person: whose, op, version, cause } of await first.deltas(id)) {
              expect(version).toBe((versions.get(whose) ?? 0) + 1);
              expect(op).toBe(version % 2 === 1 ? 'enter' : 'exit');
              versions.set(whose, version);
              // Nobody is moved back to an older answer. (An unmerge takes events away, whatever is seen at the same time.)
              if (where === EVER && op === 'exit' && !unmerged) expect(cause.kind).toBe('merge');
              changes += 1;
            }
            expect(await shared.evaluate(id)).toMatchObject({ state: 'done', drift: 0 });
          }
        }),
        { seed: SEED, numRuns: STORIES, endOnFailure: true },
      );
      expect(changes).toBeGreaterThan(STORIES);
    },
    120_000 + STORIES * 30_000,
  );
});
