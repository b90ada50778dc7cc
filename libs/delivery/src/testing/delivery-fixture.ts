import { startTestEngines, type TestEngines } from '@percorso/engines';
import { Database, migrate } from '@percorso/storage';
import { Client } from 'pg';
import { DeliveryWorld } from './delivery-world';

/**
 * For specs: one database for all tests of a `describe`, and for each a new workspace, told of before it begins. Called
 * outside of every `describe` it outlives a hub that one of them runs on its engines.
 * @returns where the engines are, once they have started
 */
export function useDeliveryWorld(
  take: (world: DeliveryWorld, database: Database) => void,
): () => TestEngines {
  let engines: TestEngines | undefined;
  let owner: Client | undefined;
  let database: Database | undefined;

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl);
    owner = new Client({ connectionString: engines.databaseUrl });
    await owner.connect();
    database = new Database({ url: engines.databaseUrl });
  }, 120_000);

  beforeEach(async () => {
    const world = new DeliveryWorld(database!, owner!);
    await world.create();
    take(world, database!);
  });

  afterAll(async () => {
    await database?.close();
    await owner?.end();
    await engines?.stop();
  });

  return () => engines!;
}
