import { LoadGate } from '@percorso/profile';
import { Shards } from '@percorso/storage';
import { measuredTrait, NOW } from '../compile/arbitraries';
import type { StreamWorld } from '../stream/stream-world';
import { POPULATIONS, SEED, UNITED_MS, UnitedWorlds } from '../stream/united-fixture';
import { findValues } from './find-values';
import { parseTrait } from './parse-trait';
import { referenceValue } from './reference-value';
import type { MeasuredTrait } from './trait-definition';
import type { TraitValue } from './trait-value';

/** Traits tried on each population. */
const TRAITS = 8;

const event = (name: string, measure: unknown): object => ({ version: 1, event: { name, measure } });
/** Asked of every population: what would be wrong of a person whose events are on two shards. */
const PROBES = ['Order Completed', 'Email Opened'].flatMap((name) =>
  ['count', { sum: 'spent' }, { mostFrequent: 'tier' }].map((measure) => event(name, measure)),
);

const measured = (json: object): MeasuredTrait => {
  const parsed = parseTrait(json);
  if (!parsed.ok || parsed.trait.kind !== 'measure') throw new TypeError(JSON.stringify(parsed));
  return parsed.trait;
};

describe('values of a trait united from shards', () => {
  let worlds: UnitedWorlds;

  beforeAll(async () => {
    worlds = await UnitedWorlds.start();
  }, 120_000);
  afterAll(() => worlds?.stop());

  const valuesOf = (
    world: StreamWorld,
    traits: readonly MeasuredTrait[],
    persons: readonly number[],
  ): Promise<(TraitValue | undefined)[][]> =>
    world.get(LoadGate).holdLoaded(world.workspaceId, async ({ pos: asOfPos }) => {
      const scope = { workspaceId: world.workspaceId, now: NOW, asOfPos };
      const found = [];
      for (const trait of traits) found.push(persons.map(await findValues(world.get(Shards), trait, scope)));
      return found;
    });

  it(
    `are those of one server, and what is read literally (seed ${SEED}, ${POPULATIONS} populations)`,
    async () => {
      let [cases, values] = [0, 0];
      await worlds.forEachPopulation(measuredTrait, TRAITS, async ({ subjects }, drawn) => {
        const persons = subjects.map(({ person }) => person);
        const traits = [...drawn, ...PROBES].map(measured);
        const plain = traits.map((trait) =>
          subjects.map((subject) => referenceValue(trait, subject, NOW.getTime())),
        );
        const single = await valuesOf(worlds.one, traits, persons);
        const united = await valuesOf(worlds.three, traits, persons);
        expect({ traits, single, united }).toEqual({ traits, single: plain, united: plain });
        cases += 1;
        values += plain.flat().filter((value) => value !== undefined && value !== 0n).length;
      });
      // Populations where nobody has a value would prove little.
      expect(values / cases).toBeGreaterThan(1);
    },
    UNITED_MS,
  );
});
