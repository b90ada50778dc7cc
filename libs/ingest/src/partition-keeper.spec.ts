import { startTestEngines, type TestEngines } from '@percorso/engines';
import { ManualClock } from '@percorso/kernel';
import { Database, migrate } from '@percorso/storage';
import { PartitionKeeper } from './partition-keeper';

describe('partitions by day', () => {
  let engines: TestEngines;
  let database: Database;

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl);
    database = new Database({ url: engines.databaseUrl });
  });
  afterAll(async () => {
    await database.close();
    await engines.stop();
  });

  it('are made once though several hubs begin at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const clock = new ManualClock(new Date(Date.UTC(2031, round, 1)));
      const hubs = Array.from({ length: 4 }, () => new PartitionKeeper(database, clock));
      await Promise.all(hubs.map((hub) => hub.turn()));
    }
    const { rows } = await database.control((tx) =>
      tx.query<{ made: number }>(
        `SELECT count(*)::int AS made FROM pg_inherits WHERE inhparent = 'percorso.event'::regclass
           AND inhrelid::regclass::text ~ 'event_2031050[1-4]'`,
      ),
    );
    expect(rows[0]?.made).toBe(4);
  });
});
