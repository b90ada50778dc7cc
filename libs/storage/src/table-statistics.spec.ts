import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { newId } from '@percorso/kernel';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { Database, migrate } from './index';

const COLUMNS = ['workspace_id', 'channel', 'address', 'reason', 'source', 'at'] as const;

describe('statistics of tables that grew', () => {
  let engines: TestEngines;
  let root: Client;
  let owner: Client;
  let database: Database;

  // As on a managed PostgreSQL: whoever connects owns the database and is no superuser.
  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl);
    root = new Client({ connectionString: engines.databaseUrl });
    await root.connect();
    const name = `plain_${randomBytes(4).toString('hex')}`;
    const password = randomBytes(8).toString('hex');
    await root.query(`CREATE ROLE ${name} LOGIN NOSUPERUSER PASSWORD '${password}'`);
    await root.query(`GRANT percorso_app TO ${name}`);
    await root.query(`CREATE DATABASE ${name} OWNER ${name}`);
    const url = new URL(engines.databaseUrl);
    Object.assign(url, { username: name, password, pathname: `/${name}` });
    await migrate(url.href);
    owner = new Client({ connectionString: url.href });
    await owner.connect();
    // What is analyzed here, autovacuum has no part in.
    await owner.query('ALTER TABLE percorso.suppression SET (autovacuum_enabled = false)');
    database = new Database({ url: url.href });
  }, 120_000);

  afterAll(async () => {
    await database?.close();
    const name = new URL(engines.databaseUrl).pathname.slice(1);
    const plain =
      owner && (await owner.query<{ name: string }>('SELECT current_database() AS name')).rows[0]!.name;
    await owner?.end();
    if (plain !== undefined && plain !== name) {
      await root.query(`DROP DATABASE ${plain} WITH (FORCE)`);
      await root.query(`DROP ROLE ${plain}`);
    }
    await root?.end();
    await engines?.stop();
  });

  async function workspace(): Promise<string> {
    const id = newId();
    await database.control((tx) =>
      tx.query('INSERT INTO workspace (id, name, created_at, updated_at) VALUES ($1, $2, now(), now())', [
        id,
        id,
      ]),
    );
    return id;
  }

  const load = (id: string, count: number): Promise<unknown> =>
    database.tx(id, (tx) =>
      tx.insertRows(
        'suppression',
        COLUMNS,
        Array.from({ length: count }, () => [id, 'email', newId(), 'manual', 'spec', new Date()]),
      ),
    );

  /** How many rows of a workspace PostgreSQL plans for. */
  async function planned(id: string): Promise<number> {
    const [row] = await database.statement<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
      id,
      'EXPLAIN (FORMAT JSON) SELECT * FROM suppression WHERE workspace_id = $1',
      [id],
    );
    return row!['QUERY PLAN'][0].Plan['Plan Rows'];
  }

  const analyzed = async (): Promise<number> => {
    const { rows } = await owner.query<{ count: string }>(
      `SELECT analyze_count AS count FROM pg_stat_user_tables WHERE relid = 'percorso.suppression'::regclass`,
    );
    return Number(rows[0]!.count);
  };

  async function until(condition: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + 60_000;
    while (!(await condition())) {
      if (Date.now() > end) throw new RangeError('the condition did not come true in time');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('knows what was loaded soon after, in a workspace that was not there before too', async () => {
    const first = await workspace();
    await load(first, 5000);
    await until(async () => (await planned(first)) > 2500);
    expect(await analyzed()).toBe(1);
    const second = await workspace();
    expect(await planned(second)).toBeLessThan(100);
    await load(second, 3000);
    await until(async () => (await planned(second)) > 1500);
    expect(await analyzed()).toBe(2);
  });

  it('analyzes nothing that grew by little, and nothing twice', async () => {
    const id = await workspace();
    await load(id, 3000);
    const grown = (): Promise<{ analyze_grown: string }[]> =>
      database.statement(undefined, 'SELECT analyze_grown()');
    await until(async () => (await planned(id)) > 1500);
    const before = await analyzed();
    await load(id, 900);
    expect(await grown()).toEqual([]);
    expect(await analyzed()).toBe(before);
  });

  it('is the owner’s right, which the application has for tables of the hub alone', async () => {
    const before = await analyzed();
    await database.control((tx) => tx.query('ANALYZE suppression'));
    expect(await analyzed()).toBe(before);
  });
});
