import fc from 'fast-check';
import { startTestEngines, startTestShards, type TestEngines, type TestShards } from '@percorso/engines';
import { LoadGate } from '@percorso/profile';
import { Shards } from '@percorso/storage';
import { arbitrarySubjects, measuredTrait, NOW } from '../compile/arbitraries';
import { FATES, MovingPopulation } from '../compile/moving-population';
import { StreamWorld } from '../stream/stream-world';
import { findValues } from './find-values';
import { parseTrait } from './parse-trait';
import { referenceValue } from './reference-value';
import type { MeasuredTrait } from './trait-definition';
import type { TraitValue } from './trait-value';

const SEED = Number(process.env.PERCORSO_SEED);
const POPULATIONS = Number(process.env.PERCORSO_POPULATIONS ?? 3);
/** Traits tried on each population. */
const TRAITS = 8;
const SHARDS = 3;

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

/** One server, and three shards, both loaded from PostgreSQL as hubs do. */
describe('values of a trait united from shards', () => {
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
      let [cases, crossing, values] = [0, 0, 0];
      await fc.assert(
        fc.asyncProperty(
          arbitrarySubjects,
          fc.array(fc.constantFrom(...FATES), { minLength: 4, maxLength: 12 }),
          fc.array(measuredTrait, { minLength: TRAITS, maxLength: TRAITS }),
          async (drawn, fates, drawnTraits) => {
            const population = new MovingPopulation(drawn, fates);
            for (const world of [one, three]) await population.settleIn(world);
            const { subjects } = population;
            const persons = subjects.map(({ person }) => person);
            const traits = [...drawnTraits, ...PROBES].map(measured);
            const plain = traits.map((trait) =>
              subjects.map((subject) => referenceValue(trait, subject, NOW.getTime())),
            );
            const [single, united] = [
              await valuesOf(one, traits, persons),
              await valuesOf(three, traits, persons),
            ];
            expect({ traits, single, united }).toEqual({ traits, single: plain, united: plain });
            cases += 1;
            crossing += population.crossing(three.workspaceId, SHARDS) > 0 ? 1 : 0;
            values += plain.flat().filter((value) => value !== undefined && value !== 0n).length;
          },
        ),
        { seed: SEED, numRuns: POPULATIONS, endOnFailure: true },
      );
      // Populations where nobody's rows began on several shards, or nobody has a value, would prove little.
      expect(crossing / cases).toBeGreaterThan(0.2);
      expect(values / cases).toBeGreaterThan(1);
    },
    120_000 + POPULATIONS * 30_000,
  );
});
