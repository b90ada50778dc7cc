import fc from 'fast-check';
import { startTestEngines, startTestShards, type TestEngines, type TestShards } from '@percorso/engines';
import { arbitrarySubjects } from '../compile/arbitraries';
import { FATES, MovingPopulation } from '../compile/moving-population';
import { StreamWorld } from './stream-world';

const SHARDS = 3;
export const SEED = Number(process.env.PERCORSO_SEED);
export const POPULATIONS = Number(process.env.PERCORSO_POPULATIONS ?? 3);
/** Milliseconds that a case over all populations may take. */
export const UNITED_MS = 120_000 + POPULATIONS * 30_000;

/** For specs: one server, and three shards, both loaded from PostgreSQL as hubs do. */
export class UnitedWorlds {
  private constructor(
    readonly one: StreamWorld,
    readonly three: StreamWorld,
    private readonly engines: TestEngines,
    private readonly servers: TestShards,
  ) {}

  static async start(): Promise<UnitedWorlds> {
    const [engines, servers] = await Promise.all([startTestEngines(), startTestShards(SHARDS)]);
    const one = await StreamWorld.start(engines);
    const three = await StreamWorld.start({ ...engines, clickhouseUrl: servers.urls });
    return new UnitedWorlds(one, three, engines, servers);
  }

  async stop(): Promise<void> {
    for (const part of [this.one, this.three, this.servers, this.engines]) await part.stop();
  }

  /**
   * Has populations whose persons are merged, parted and erased settle in both worlds, one after the other, each with
   * `count` things drawn to ask about it. Fails where too few had persons whose rows began on several shards to prove much.
   */
  async forEachPopulation<T>(
    things: fc.Arbitrary<T>,
    count: number,
    check: (population: MovingPopulation, things: T[]) => Promise<void>,
  ): Promise<void> {
    let [settled, crossing] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        arbitrarySubjects,
        fc.array(fc.constantFrom(...FATES), { minLength: 4, maxLength: 12 }),
        fc.array(things, { minLength: count, maxLength: count }),
        async (drawn, fates, asked) => {
          const population = new MovingPopulation(drawn, fates);
          for (const world of [this.one, this.three]) await population.settleIn(world);
          settled += 1;
          crossing += population.crossing(this.three.workspaceId, SHARDS) > 0 ? 1 : 0;
          await check(population, asked);
        },
      ),
      { seed: SEED, numRuns: POPULATIONS, endOnFailure: true },
    );
    expect(crossing / settled).toBeGreaterThan(0.2);
  }
}
