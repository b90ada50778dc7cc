import { startTestEngines, startTestShards, type TestEngines, type TestShards } from '@percorso/engines';
import { StreamWorld } from './stream-world';

/**
 * For specs: one world for all tests of a `describe`, and a new workspace for each.
 * @param take told of the world before the first test
 * @param shards more than one: over so many ClickHouse servers
 */
export function useStreamWorld(take: (world: StreamWorld) => void, shards = 1): void {
  let engines: TestEngines | undefined;
  let servers: TestShards | undefined;
  let world: StreamWorld | undefined;

  beforeAll(async () => {
    engines = await startTestEngines();
    servers = shards > 1 ? await startTestShards(shards) : undefined;
    world = await StreamWorld.start({ ...engines, clickhouseUrl: servers?.urls ?? engines.clickhouseUrl });
    take(world);
  }, 120_000);

  beforeEach(async () => {
    await world!.newWorkspace();
    await world!.sweep();
  });

  afterAll(async () => {
    await world?.stop();
    await servers?.stop();
    await engines?.stop();
  });
}
