import { startTestEngines, type TestEngines } from '@percorso/engines';
import { EvaluationWorld } from '../evaluation/evaluation-world';
import { diffMembers } from './diff-members';
import type { MembershipDelta } from './membership-log';
import { NUMBER } from './sequencer';
import fc from 'fast-check';
import { Client } from 'pg';

const WRITERS = 20;
const PERSONS = 15;
const SEED = Number(process.env.PERCORSO_SEED);

describe('Sequencer', () => {
  let engines: TestEngines;
  let world: EvaluationWorld;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await EvaluationWorld.start(engines);
  }, 120_000);
  afterAll(async () => {
    await world?.stop();
    await engines?.stop();
  });

  it(`gives a reader everything once and in order while ${WRITERS} writers write (seed ${SEED})`, async () => {
    await world.newWorkspace(PERSONS);
    const { workspaceId, database, log } = world;
    const audiences = [await world.newAudience(1), await world.newAudience(2)];
    const random = fc.sample(fc.integer({ min: 0, max: 2 ** 20 }), { seed: SEED, numRuns: WRITERS * 12 });
    let writing = WRITERS;
    let changes = 0;

    const writer = async (number: number): Promise<void> => {
      for (let turn = 0; turn < 12; turn++) {
        const dice = random[number * 12 + turn] ?? 0;
        const persons = Array.from({ length: PERSONS }, (_, index) => index + 1).filter(
          (p) => (dice >> p) & 1,
        );
        const done = await database.tx(workspaceId, async (tx) => {
          const audienceId = audiences[dice & 1] ?? '';
          const lists = turn % 2 ? { entered: [], exited: persons } : { entered: persons, exited: [] };
          const applied = await world.memberships.apply(tx, {
            ...lists,
            audienceId,
            cause: { kind: 'erasure' },
            definitionVersion: 1,
            at: world.clock.now(),
          });
          // A transaction that stays open over the sequencer's next turns, and now and then one that comes to nothing.
          await new Promise((resolve) => setTimeout(resolve, dice % 7));
          if (dice % 10 === 0) await tx.query('SELECT 1 / 0').catch(() => undefined);
          return dice % 10 === 0 ? 0 : applied.entered + applied.exited;
        });
        changes += done;
      }
      writing -= 1;
    };

    const seen: MembershipDelta[] = [];
    const byAudience = new Map(audiences.map((id) => [id, [] as MembershipDelta[]]));
    let cursor = 0;
    const readUpTo = async (): Promise<void> => {
      await database.tx(workspaceId, async (tx) => {
        const { pos: toPos } = await log.head(tx);
        for (const audienceId of audiences) {
          const deltas = await log.deltas(tx, { audienceId, afterPos: cursor, toPos, limit: 1_000_000 });
          byAudience.get(audienceId)?.push(...deltas);
          seen.push(...deltas);
        }
        cursor = toPos;
      });
    };
    const sequencing = async (): Promise<void> => {
      while (writing > 0) await world.sequencer.sequence(workspaceId, 7);
      await world.sequencer.drain(workspaceId);
    };
    const reading = async (): Promise<void> => {
      while (writing > 0) await readUpTo();
    };
    await Promise.all([
      ...Array.from({ length: WRITERS }, (_, number) => writer(number)),
      sequencing(),
      sequencing(),
      reading(),
    ]);
    await world.sequencer.drain(workspaceId);
    await readUpTo();

    expect(changes).toBeGreaterThan(100);
    expect(seen.map(({ pos }) => pos).sort((a, b) => a - b)).toEqual(
      Array.from({ length: changes }, (_, i) => i + 1),
    );
    for (const [audienceId, deltas] of byAudience) {
      const versions = new Map<number, number>();
      for (const { person, version, op } of deltas) {
        expect(version).toBe((versions.get(person) ?? 0) + 1);
        expect(op).toBe(version % 2 ? 'enter' : 'exit');
        versions.set(person, version);
      }
      expect(await world.replay(audienceId)).toEqual(await world.members(audienceId));
    }
  }, 120_000);

  it('reads no row twice of a workspace that statistics know nothing of', async () => {
    const enter = async (persons: number): Promise<void> => {
      await world.newWorkspace(persons);
      const audienceId = await world.newAudience(0);
      const entered = Array.from({ length: persons }, (_, index) => index + 1);
      const change = {
        audienceId,
        entered,
        exited: [],
        cause: { kind: 'erasure' as const },
        definitionVersion: 1,
      };
      await world.database.tx(world.workspaceId, (tx) =>
        world.memberships.apply(tx, { ...change, at: world.clock.now() }),
      );
    };
    await enter(3000);
    await world.sequencer.drain(world.workspaceId);
    const owner = new Client({ connectionString: engines.databaseUrl });
    await owner.connect();
    await owner.query('ANALYZE percorso.membership_delta');
    await owner.end();
    await enter(1500);
    const plan = await world.database.tx(world.workspaceId, async (tx) => {
      const { rows } = await tx.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, TIMING off, FORMAT JSON) ${NUMBER}`,
        [world.workspaceId, 0, 2000],
      );
      return rows[0]!['QUERY PLAN'][0].Plan;
    });
    const read = scansOf(plan).map(
      (node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'],
    );
    expect(Math.max(...read)).toBeLessThanOrEqual(1500);
    expect(read.reduce((sum, one) => sum + one, 0)).toBe(3000);
  });

  it('numbers each workspace by itself', async () => {
    for (let round = 0; round < 2; round++) {
      await world.newWorkspace(3);
      const audience = await world.newAudience(2);
      await world.evaluator().evaluate(world.workspaceId, await world.newEvaluation(audience));
      const head = await world.database.tx(world.workspaceId, (tx) => world.log.head(tx));
      expect(head).toEqual({ epoch: 1, pos: 2 });
    }
  });
});

interface PlanNode {
  'Node Type': string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

const scansOf = (node: PlanNode): PlanNode[] => (node.Plans ? node.Plans.flatMap(scansOf) : [node]);

describe('diffMembers', () => {
  it(`turns one set into the other (seed ${SEED})`, () => {
    const sets = fc.uniqueArray(fc.integer({ min: 0, max: 40 })).map((list) => Uint32Array.from(list).sort());
    fc.assert(
      fc.property(sets, sets, (before, after) => {
        const { entered, exited } = diffMembers(before, after);
        expect([...entered]).toEqual([...after].filter((person) => !before.includes(person)));
        expect([...exited]).toEqual([...before].filter((person) => !after.includes(person)));
      }),
      { seed: SEED },
    );
  });
});
