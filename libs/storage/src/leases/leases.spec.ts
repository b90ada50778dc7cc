import { startTestEngines, type TestEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { Database } from '../database';
import { migrate } from '../migrate';
import { type Held, lockLeases } from './lease.store';
import { Leases } from './leases';

describe('Leases', () => {
  let engines: TestEngines;
  let database: Database;
  const started: Leases[] = [];

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    database = new Database({ url: engines.databaseUrl, poolSize: 20 });
  });
  afterEach(async () => {
    for (const leases of started.splice(0)) await leases.onApplicationShutdown();
    await database.control((tx) => tx.query('DELETE FROM lease'));
  });
  afterAll(async () => {
    await database?.close();
    await engines?.stop();
  });

  /** A workspace whose persons are in `partitions` partitions. */
  async function workspace(partitions: number): Promise<string> {
    const id = newId();
    await database.control(async (tx) => {
      await tx.query(
        `INSERT INTO workspace (id, name, created_at, updated_at) VALUES ($1, '', now(), now())`,
        [id],
      );
      await tx.query(
        `INSERT INTO lease (workspace_id, kind, partition) SELECT $1, 'stream', generate_series(0, $2 - 1)`,
        [id, partitions],
      );
    });
    return id;
  }

  function process(): Leases {
    const leases = new Leases(database);
    leases.serve('stream');
    started.push(leases);
    return leases;
  }

  async function until(holds: () => boolean, ms = 60_000): Promise<void> {
    const deadline = Date.now() + ms;
    while (!holds()) {
      if (Date.now() > deadline) throw new RangeError('it did not happen in time');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const lock = (workspaceId: string, held: readonly Held[]): Promise<number[]> =>
    database.tx(workspaceId, (tx) => lockLeases(tx, 'stream', held));

  it('are spread evenly, over processes that come and go', async () => {
    const id = await workspace(8);
    const [one, two, three] = [process(), process(), process()];
    const share = (leases: Leases): number => leases.of('stream', id).length;
    const shares = (): number[] => [one, two, three].map(share).sort();
    await until(() => shares().join() === '2,3,3');
    const all = [one, two, three].flatMap((leases) => leases.of('stream', id).map((held) => held.partition));
    expect(all.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await two.onApplicationShutdown();
    // Given back by itself, not taken over when it was thought dead.
    const { rows } = await database.control((tx) =>
      tx.query('SELECT FROM lease WHERE owner = $1 UNION ALL SELECT FROM worker WHERE id = $1', [two.id]),
    );
    expect(rows).toEqual([]);
    await until(() => share(one) === 4 && share(three) === 4);
    const other = await workspace(1);
    await until(() => one.firsts('stream').includes(other) || three.firsts('stream').includes(other));
    expect(one.firsts('stream').includes(other) && three.firsts('stream').includes(other)).toBe(false);
  });

  it('go from one without heartbeats to the others, and what it believed to hold is worth nothing', async () => {
    const id = await workspace(2);
    const asleep = process();
    await until(() => asleep.of('stream', id).length === 2);
    const held = asleep.of('stream', id);
    expect(await lock(id, held)).toEqual([0, 1]);
    const looking = jest.spyOn(asleep, 'look').mockImplementation(() => new Promise(() => undefined));
    const other = process();
    await until(() => other.of('stream', id).length === 2);
    expect(await lock(id, held)).toEqual([]);
    expect(await lock(id, other.of('stream', id))).toEqual([0, 1]);
    looking.mockRestore();
    started.splice(started.indexOf(asleep), 1);
  });

  it('are not taken from under a transaction; one that sleeps is ended', async () => {
    const id = await workspace(1);
    const first = process();
    await until(() => first.of('stream', id).length === 1);
    const held = first.of('stream', id);
    let awake: () => void = () => undefined;
    const sleep = new Promise<void>((resolve) => (awake = resolve));
    const working = database.tx(id, async (tx) => {
      expect(await lockLeases(tx, 'stream', held)).toEqual([0]);
      await sleep;
      await tx.query(`UPDATE workspace SET name = 'too late' WHERE id = $1`, [id]);
    });
    const outcome = working.then(
      () => 'written',
      () => 'ended',
    );
    await database.control((tx) =>
      tx.query(`UPDATE worker SET alive_until = clock_timestamp() - interval '1 s' WHERE id = $1`, [
        first.id,
      ]),
    );
    jest.spyOn(first, 'look').mockImplementation(() => new Promise(() => undefined));
    const other = process();
    await other.look();
    expect(other.of('stream', id)).toEqual([]);
    await until(() => other.of('stream', id).length === 1);
    awake();
    expect(await outcome).toBe('ended');
    const { rows } = await database.control((tx) =>
      tx.query<{ name: string }>('SELECT name FROM workspace WHERE id = $1', [id]),
    );
    expect(rows).toEqual([{ name: '' }]);
    started.splice(started.indexOf(first), 1);
  });
});
