import { startTestEngines, type TestEngines } from '@percorso/engines';
import { JourneyWorld } from './journey-world';

/** For specs: one world for all tests of a `describe`, and a new workspace for each. */
export function useJourneyWorld(take: (world: JourneyWorld) => void): void {
  let engines: TestEngines | undefined;
  let world: JourneyWorld | undefined;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await JourneyWorld.start(engines);
    take(world);
  }, 120_000);

  beforeEach(() => world!.newWorkspace());

  afterAll(async () => {
    await world?.stop();
    await engines?.stop();
  });
}
