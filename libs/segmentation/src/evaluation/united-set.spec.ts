import fc from 'fast-check';
import { startTestEngines, startTestShards, type TestEngines, type TestShards } from '@percorso/engines';
import { LoadGate } from '@percorso/profile';
import { Shards } from '@percorso/storage';
import { arbitraryCondition, arbitrarySubjects, NOW } from '../compile/arbitraries';
import { FATES, MovingPopulation } from '../compile/moving-population';
import { holds } from '../compile/reference-evaluator';
import { definitionOf } from '../compile/set-fixture';
import { compileWakes } from '../stream/compile-wakes';
import { readWakes } from '../stream/read-wakes';
import { StreamWorld } from '../stream/stream-world';
import { findMembers } from './find-members';

const SEED = Number(process.env.PERCORSO_SEED);
const POPULATIONS = Number(process.env.PERCORSO_POPULATIONS ?? 3);
/** Definitions tried on each population. */
const CONDITIONS = 8;
const SHARDS = 3;
/** Asked of every population: what a person whose events are on two shards would be counted wrong in. */
const PROBES = ['Order Completed', 'Email Opened', "Quote'd"].map((name) => ({
  event: { name, measure: 'count', op: 'gte', value: 2 },
}));
const HOUR = 3_600_000;

/** One server, and three shards, both loaded from PostgreSQL as hubs do. */
describe('a set united from shards', () => {
  let engines: TestEngines;
  let servers: TestShards;
  let one: StreamWorld;
  let three: StreamWorld;

  beforeAll(async () => {
    [engines, servers] = await Promise.all([startTestEngines(), startTestShards(SHARDS)]);
    one = await StreamWorld.start(engines);
    three = await StreamWorld.start({ ...engines, clickhouseUrl: servers.urls });
  }, 120_000);
  afterAll(async () => {
    await one?.stop();
    await three?.stop();
    await servers?.stop();
    await engines?.stop();
  });

  /** All that the hub asks of ClickHouse about a condition. */
  const asked = async (world: StreamWorld, where: object): Promise<object> => {
    const { workspaceId } = world;
    const definition = definitionOf(where);
    const shards = world.get(Shards);
    return world.get(LoadGate).holdLoaded(workspaceId, async ({ pos }) => {
      const scope = { workspaceId, now: NOW, asOfPos: pos };
      const [members] = await findMembers(shards, [definition], scope);
      const wakes = compileWakes([definition], scope, NOW.getTime() - 48 * HOUR, NOW.getTime() + HOUR);
      return {
        persons: [...members!.persons()],
        preview: { count: members!.size, sample: [...members!.persons(3)] },
        wakes: wakes ? (await readWakes(shards, wakes)).sort((a, b) => a.person - b.person) : [],
      };
    });
  };

  it(
    `is the set of one server, and what the plain evaluator says (seed ${SEED}, ${POPULATIONS} populations)`,
    async () => {
      let [cases, crossing, members, woken] = [0, 0, 0, 0];
      await fc.assert(
        fc.asyncProperty(
          arbitrarySubjects,
          fc.array(fc.constantFrom(...FATES), { minLength: 4, maxLength: 12 }),
          fc.array(arbitraryCondition, { minLength: CONDITIONS, maxLength: CONDITIONS }),
          async (drawn, fates, conditions) => {
            const population = new MovingPopulation(drawn, fates);
            for (const world of [one, three]) await population.settleIn(world);
            const crosses = population.crossing(three.workspaceId, SHARDS) > 0;
            for (const where of [...conditions, ...PROBES]) {
              const [single, united] = [await asked(one, where), await asked(three, where)];
              expect({ where, ...united }).toEqual({ where, ...single });
              const persons = population.subjects
                .filter((subject) => holds(definitionOf(where).where, subject, NOW.getTime()))
                .map(({ person }) => person)
                .sort((a, b) => a - b);
              const found = united as { persons: number[]; wakes: object[] };
              expect({ where, persons: found.persons }).toEqual({ where, persons });
              cases += 1;
              crossing += crosses ? 1 : 0;
              members += persons.length;
              woken += found.wakes.length;
            }
          },
        ),
        { seed: SEED, numRuns: POPULATIONS, endOnFailure: true },
      );
      // Cases without persons whose rows began on several shards, or without members, would prove little.
      expect(crossing / cases).toBeGreaterThan(0.2);
      expect(members / cases).toBeGreaterThan(0.2);
      if (POPULATIONS > 10) expect(woken).toBeGreaterThan(0);
    },
    120_000 + POPULATIONS * 30_000,
  );
});
