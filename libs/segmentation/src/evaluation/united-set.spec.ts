import { LoadGate } from '@percorso/profile';
import { Shards } from '@percorso/storage';
import { arbitraryCondition, NOW } from '../compile/arbitraries';
import { holds } from '../compile/reference-evaluator';
import { definitionOf } from '../compile/set-fixture';
import { compileWakes } from '../stream/compile-wakes';
import { readWakes } from '../stream/read-wakes';
import type { StreamWorld } from '../stream/stream-world';
import { POPULATIONS, SEED, UNITED_MS, UnitedWorlds } from '../stream/united-fixture';
import { findMembers } from './find-members';

/** Definitions tried on each population. */
const CONDITIONS = 8;
/** Asked of every population: what a person whose events are on two shards would be counted wrong in. */
const PROBES = ['Order Completed', 'Email Opened', "Quote'd"].map((name) => ({
  event: { name, measure: 'count', op: 'gte', value: 2 },
}));
const HOUR = 3_600_000;

describe('a set united from shards', () => {
  let worlds: UnitedWorlds;

  beforeAll(async () => {
    worlds = await UnitedWorlds.start();
  }, 120_000);
  afterAll(() => worlds?.stop());

  /** All that the hub asks of ClickHouse about a condition. */
  const asked = async (
    world: StreamWorld,
    where: object,
  ): Promise<{ persons: number[]; preview: object; wakes: object[] }> => {
    const { workspaceId } = world;
    const definition = definitionOf(where);
    const shards = world.get(Shards);
    return world.get(LoadGate).holdLoaded(workspaceId, async ({ pos }) => {
      const scope = { workspaceId, now: NOW, asOfPos: pos };
      const [members] = await findMembers(shards, [definition], scope);
      const wakes = compileWakes([definition], scope, {
        since: NOW.getTime() - 48 * HOUR,
        until: NOW.getTime() + HOUR,
      });
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
      let [cases, members, woken] = [0, 0, 0];
      await worlds.forEachPopulation(arbitraryCondition, CONDITIONS, async ({ subjects }, conditions) => {
        for (const where of [...conditions, ...PROBES]) {
          const [single, united] = [await asked(worlds.one, where), await asked(worlds.three, where)];
          expect({ where, ...united }).toEqual({ where, ...single });
          const persons = subjects
            .filter((subject) => holds(definitionOf(where).where, subject, NOW.getTime()))
            .map(({ person }) => person)
            .sort((a, b) => a - b);
          expect({ where, persons: united.persons }).toEqual({ where, persons });
          cases += 1;
          members += persons.length;
          woken += united.wakes.length;
        }
      });
      // Cases without members would prove little.
      expect(members / cases).toBeGreaterThan(0.2);
      if (POPULATIONS > 10) expect(woken).toBeGreaterThan(0);
    },
    UNITED_MS,
  );
});
