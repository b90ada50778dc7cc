import { SyncWorld } from './sync-world';

/** For specs: one world for all tests of a `describe`. @param take told of it before the first test */
export function useSyncWorld(take: (world: SyncWorld) => void): void {
  let world: SyncWorld | undefined;
  beforeAll(async () => take((world = await SyncWorld.start())), 120_000);
  afterAll(() => world?.stop());
}
