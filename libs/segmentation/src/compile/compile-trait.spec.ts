import fc from 'fast-check';
import { newId } from '@percorso/kernel';
import { referenceValue } from '../computed-trait/reference-value';
import { parseTrait } from '../computed-trait/parse-trait';
import type { MeasuredTrait } from '../computed-trait/trait-definition';
import { arbitrarySubjects, measuredTrait, NOW } from './arbitraries';
import { compileTrait, readTraitValues, valueOfNothing } from './compile-trait';
import { loadPopulation } from './population-store';
import type { Subject } from './reference-evaluator';
import { people, SetFixture } from './set-fixture';

const SEED = Number(process.env.PERCORSO_SEED);
const TRAITS = 10;
const POPULATIONS = 16;

describe('compileTrait', () => {
  let world: SetFixture;

  beforeAll(async () => {
    world = await SetFixture.start();
  }, 120_000);
  afterAll(() => world?.stop());

  const measured = (json: object): MeasuredTrait => {
    const parsed = parseTrait(json);
    if (!parsed.ok || parsed.trait.kind !== 'measure') throw new TypeError(JSON.stringify(parsed));
    return parsed.trait;
  };

  /** The values as a set finds them, of everybody. */
  async function found(trait: MeasuredTrait, subjects: readonly Subject[], scope: Scope): Promise<unknown[]> {
    const values = await readTraitValues(world.clickhouse, compileTrait(trait, { ...scope, now: NOW }));
    return subjects.map(({ person }) => (values.has(person) ? values.get(person) : valueOfNothing(trait)));
  }
  interface Scope {
    workspaceId: string;
    asOfPos: number;
  }

  it(`gives everybody the plain value (seed ${SEED})`, async () => {
    const values = new Set<unknown>();
    await fc.assert(
      fc.asyncProperty(
        arbitrarySubjects,
        fc.array(measuredTrait, { minLength: TRAITS, maxLength: TRAITS }),
        async (subjects, traits) => {
          const workspaceId = newId();
          const { asOfPos } = await loadPopulation(world.clickhouse, workspaceId, subjects);
          for (const trait of traits.map(measured)) {
            const wanted = subjects.map((subject) => referenceValue(trait, subject, NOW.getTime()));
            expect({ trait, found: await found(trait, subjects, { workspaceId, asOfPos }) }).toEqual({
              trait,
              found: wanted,
            });
            for (const value of wanted) values.add(value);
          }
        },
      ),
      { seed: SEED, numRuns: POPULATIONS, endOnFailure: true },
    );
    // A generator that only makes nothing would prove nothing.
    expect(values.size).toBeGreaterThan(POPULATIONS / 2);
  }, 240_000);

  it('rounds averages half away from zero, and has no value that would be too large to be kept', async () => {
    const of = (...amounts: number[]): Partial<Subject> => ({
      events: amounts.map((spent) => ({ name: 'A', at: NOW.getTime() - 1, properties: { spent } })),
    });
    const subjects = people([
      of(0.000000001, 0),
      of(-0.000000001, 0),
      of(1, 1, 0),
      of(-1, -1, 0),
      of(6e28, 6e28),
      of(-6e28, -6e28),
      {},
    ]);
    const workspaceId = newId();
    const { asOfPos } = await loadPopulation(world.clickhouse, workspaceId, subjects);
    const ask = (measure: object): Promise<unknown[]> =>
      found(measured({ version: 1, event: { name: 'A', measure } }), subjects, { workspaceId, asOfPos });
    const large = 6n * 10n ** 37n;
    expect(await ask({ avg: 'spent' })).toEqual([1n, -1n, 666666667n, -666666667n, large, -large, undefined]);
    const billion = 10n ** 9n;
    expect(await ask({ sum: 'spent' })).toEqual([
      ...[1n, -1n, 2n * billion, -2n * billion, undefined, undefined, 0n],
    ]);
  });

  it('takes of values that came equally often the one that came last, and of these the smallest', async () => {
    const T = NOW.getTime() - 10;
    const of = (...told: [ago: number, tier: unknown][]): Partial<Subject> => ({
      events: told.map(([ago, tier]) => ({ name: 'A', at: T - ago, properties: { tier } })),
    });
    const subjects = people([
      of([3, 'a'], [1, 'b']),
      of([1, 'a'], [3, 'b']),
      of([1, 'b'], [1, 'a'], [1, 7], [1, true]),
      of([9, 'a'], [8, 'a'], [1, 'b']),
    ]);
    const workspaceId = newId();
    const { asOfPos } = await loadPopulation(world.clickhouse, workspaceId, subjects);
    const ask = (of: string): Promise<unknown[]> =>
      found(measured({ version: 1, event: { name: 'A', measure: { [of]: 'tier' } } }), subjects, {
        workspaceId,
        asOfPos,
      });
    expect(await ask('mostFrequent')).toEqual(['b', 'a', true, 'a']);
    expect(await ask('lastValue')).toEqual(['b', 'a', true, 'b']);
    expect(await ask('firstValue')).toEqual(['a', 'b', true, 'a']);
  });
});
