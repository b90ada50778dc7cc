import { newId } from '@percorso/kernel';
import type { Database, Transaction } from '@percorso/storage';
import { type Candidate, type HeldSyncs, lockDue, readByIndex } from './effect.store';
import { useDeliveryWorld } from './testing/delivery-fixture';
import type { DeliveryWorld } from './testing/delivery-world';

const START = new Date('2026-03-01T00:00:00Z');
const at = (minutes: number): Date => new Date(START.getTime() + minutes * 60_000);
const range = (first: number, count: number): { person: number }[] =>
  Array.from({ length: count }, (_, index) => ({ person: first + index }));

describe('what a claim looks at', () => {
  let database: Database;
  let world: DeliveryWorld;
  let connectorId: string;

  useDeliveryWorld((made, used) => {
    world = made;
    database = used;
  });

  beforeEach(async () => {
    connectorId = await world.connector();
  });

  /** Rows of the ledger that this session has read so far. */
  async function readSoFar(tx: Transaction): Promise<number> {
    const { rows } = await tx.query<{ count: number }>(
      `SELECT (idx_tup_fetch + seq_tup_read)::int AS count FROM pg_stat_xact_user_tables WHERE relname = 'effect'`,
    );
    return rows[0]?.count ?? 0;
  }

  const claim = (held: Partial<HeldSyncs>, limit = 100): Promise<{ due: Candidate[]; read: number }> =>
    database.tx(world.workspaceId, async (tx) => {
      await readByIndex(tx);
      const before = await readSoFar(tx);
      const wanted = { now: at(60), limit, lanes: [0, 1, 2], held: { paused: [], barred: [], ...held } };
      const { due } = await lockDue(tx, connectorId, wanted);
      return { due, read: (await readSoFar(tx)) - before };
    });

  it('is nothing of what paused and barred syncs have waiting, however much that is', async () => {
    const [paused, barred, active] = [newId(), newId(), newId()];
    await world.record(connectorId, paused, range(1, 3000), at(0));
    await world.record(connectorId, barred, range(10_000, 3000), at(1));
    await world.record(connectorId, active, range(20_000, 20), at(2));
    const { due, read } = await claim({ paused: [paused], barred: [barred] });
    expect(due.map(({ person }) => person)).toEqual(range(20_000, 20).map(({ person }) => person));
    expect(read).toBeLessThan(300);
    expect((await claim({}, 5000)).due).toHaveLength(5000);
  });

  it('is the sync whose first row is the oldest, then the next, and what no sync tells', async () => {
    const [older, newer] = [newId(), newId()];
    await world.record(connectorId, newer, range(100, 3), at(5));
    await world.record(connectorId, older, range(200, 2), at(4));
    await world.record(connectorId, older, range(210, 1), at(9));
    const single = { person: 300, syncId: undefined, key: 'alone' };
    await world.record(connectorId, older, [single], at(6));
    await world.record(connectorId, newer, range(400, 1), at(61));
    const persons = (await claim({})).due.map(({ person }) => person);
    expect(persons).toEqual([200, 201, 210, 100, 101, 102, 300]);
    expect((await claim({}, 4)).due.map(({ person }) => person)).toEqual([200, 201, 210, 100]);
  });

  it('is a removal of a barred sync that takes back what was told', async () => {
    const barred = newId();
    await world.record(connectorId, barred, range(1, 2), at(0));
    await database.statement(
      world.workspaceId,
      `UPDATE effect SET state = 'accepted' WHERE workspace_id = $1`,
      [world.workspaceId],
    );
    const removals = [1, 2, 3].map((person) => ({
      ...{ person, membershipVersion: '2', operation: 'remove' as const },
    }));
    await world.record(connectorId, barred, removals, at(1));
    const { due } = await claim({ barred: [barred] });
    expect(due.map(({ person }) => person)).toEqual([1, 2]);
  });
});
