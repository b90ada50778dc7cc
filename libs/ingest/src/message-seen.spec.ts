import { ManualClock, newId } from '@percorso/kernel';
import { startTestEngines, TestEngines } from '@percorso/engines';
import { Database, migrate, type Transaction } from '@percorso/storage';
import { dropDuplicates, seenMessages } from './message-seen';
import { PartitionKeeper } from './partition-keeper';

describe('what is kept by day', () => {
  let engines: TestEngines;
  let database: Database;
  const start = new Date();
  const after = (days: number): Date => new Date(start.getTime() + days * 86_400_000);

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    database = new Database({ url: engines.databaseUrl });
  });
  afterAll(async () => {
    await database?.close();
    await engines?.stop();
  });

  const fresh = (workspaceId: string, ids: string[], at: Date): Promise<string[]> =>
    database.tx(workspaceId, (tx) => drop(tx, ids, at));
  const drop = async (tx: Transaction, ids: string[], at: Date): Promise<string[]> =>
    dropDuplicates(tx, ids, (id) => id, await seenMessages(tx, ids, at), at);

  it('drops a message seen before, in the same call or within seven days, in its workspace only', async () => {
    const [one, two] = [newId(), newId()];
    expect(await fresh(one, ['a', 'b', 'a', 'c', 'b'], start)).toEqual(['a', 'b', 'c']);
    expect(await fresh(one, ['c', 'd', 'a'], after(7))).toEqual(['d']);
    expect(await fresh(two, ['a', 'é\u{1F600}'], start)).toEqual(['a', 'é\u{1F600}']);
    expect(await fresh(two, [], start)).toEqual([]);
  });

  it('forgets what a transaction rolled back had seen', async () => {
    const one = newId();
    const refused = database.tx(one, async (tx) => {
      await drop(tx, ['a'], start);
      throw new RangeError('rolled back');
    });
    await expect(refused).rejects.toThrow('rolled back');
    expect(await fresh(one, ['a'], start)).toEqual(['a']);
  });

  it('makes the days ahead, and drops a day of the log only once ClickHouse has confirmed all of it', async () => {
    const clock = new ManualClock(after(20));
    const keeper = new PartitionKeeper(database, clock);
    await keeper.turn();
    const workspaceId = newId();
    await database.tx(workspaceId, async (tx) => {
      await tx.query(
        `INSERT INTO workspace (id, name, created_at, updated_at) VALUES ($1, 'w', now(), now())`,
        [workspaceId],
      );
      await tx.query('INSERT INTO ingest_head (workspace_id, head, loaded) VALUES ($1, 5, 4)', [workspaceId]);
      await tx.query(
        `INSERT INTO ingest_log (workspace_id, pos, count, received_at, source_id, payload) VALUES ($1, 1, 5, $2, 's', '[]')`,
        [workspaceId, clock.now()],
      );
    });
    await fresh(workspaceId, ['a'], clock.now());
    const day = clock.now().toISOString().slice(0, 10).replaceAll('-', '');
    const exists = async (parent: string): Promise<boolean> => {
      const { rows } = await database.control((tx) =>
        tx.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [
          `percorso.${parent}_${day}`,
        ]),
      );
      return rows[0]?.found === true;
    };
    expect([await exists('ingest_log'), await exists('message_seen')]).toEqual([true, true]);
    clock.advance(7 * 86_400_000);
    await keeper.turn();
    expect([await exists('ingest_log'), await exists('message_seen')]).toEqual([true, true]);
    await database.control((tx) =>
      tx.query('UPDATE ingest_head SET loaded = 5 WHERE workspace_id = $1', [workspaceId]),
    );
    await keeper.turn();
    expect([await exists('ingest_log'), await exists('message_seen')]).toEqual([false, true]);
    clock.advance(2 * 86_400_000);
    await keeper.turn();
    expect([await exists('ingest_log'), await exists('message_seen')]).toEqual([false, false]);
  });
});
