import type { Socket } from 'node:net';
import { Client, type Pool } from 'pg';
import { newId } from '@percorso/kernel';
import { startTestEngines, TestEngines } from '@percorso/engines';
import { connectClickHouse, Database, isUnavailable, migrate } from './index';
import { language } from './migrations/0002-language';

describe('storage on real engines', () => {
  let engines: TestEngines;
  let database: Database;

  beforeAll(async () => {
    engines = await startTestEngines();
    const clickhouse = connectClickHouse(engines.clickhouseUrl);
    // Two hubs starting at once: both come up, the schema is made once.
    await Promise.all([migrate(engines.databaseUrl, clickhouse), migrate(engines.databaseUrl, clickhouse)]);
    expect(await migrate(engines.databaseUrl, clickhouse)).toEqual([]);
    await clickhouse.close();
    database = new Database({ url: engines.databaseUrl });
  });

  afterAll(async () => {
    await database?.close();
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

  const insertNamespace = (workspaceId: string, as = workspaceId): Promise<unknown> =>
    database.tx(as, (tx) =>
      tx.insertRows(
        'namespace',
        ['workspace_id', 'code', 'title', 'uniqueness', 'priority', 'created_at', 'updated_at'],
        [[workspaceId, 'email', 'tab\there, back\\slash', 'many', 2, new Date(), new Date()]],
      ),
    );

  it('shows a workspace its own rows and refuses another’s', async () => {
    const [one, two] = [await workspace(), await workspace()];
    await insertNamespace(one);
    const titles = (as: string): Promise<string[]> =>
      database.tx(as, async (tx) =>
        (await tx.query<{ title: string }>('SELECT title FROM namespace')).rows.map((row) => row.title),
      );
    expect(await titles(one)).toEqual(['tab\there, back\\slash']);
    expect(await titles(two)).toEqual([]);
    await expect(insertNamespace(one, two)).rejects.toThrow(/row-level security/);
    const outside = await database.control((tx) => tx.query('SELECT * FROM namespace'));
    expect(outside.rows).toEqual([]);
  });

  it('outlives a connection lost in the very moment it is handed out', async () => {
    await database.ping();
    const pool = Reflect.get(database, 'pool') as Pool;
    pool.once('acquire', (client) => {
      const { connection } = client as unknown as { connection: { stream: Socket } };
      connection.stream.destroy(new Error('read ECONNRESET'));
    });
    const lost: unknown = await database.ping().catch((error: unknown) => error);
    expect(isUnavailable(lost)).toBe(true);
    await database.ping();
  });

  it('keeps every table with customer data under forced row-level security, partitions too', async () => {
    await database.control((tx) => tx.query(`SELECT ensure_partitions('2031-01-01', 2)`));
    const owner = new Client({ connectionString: engines.databaseUrl });
    await owner.connect();
    const { rows } = await owner.query<{ relname: string }>(
      `SELECT relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
       WHERE relnamespace = 'percorso'::regnamespace AND relkind IN ('r', 'p')
         AND NOT (relrowsecurity AND relforcerowsecurity) AND NOT relispartition`,
    );
    await owner.end();
    expect(rows.map(({ relname }) => relname).sort()).toEqual(['ingest_head', 'lease', 'stream_cursor']);
    const partition = database.tx(await workspace(), (tx) => tx.query('SELECT * FROM event_20310101'));
    await expect(partition).resolves.toMatchObject({ rows: [] });
  });

  it('refuses to touch what only migrations may', async () => {
    await expect(database.control((tx) => tx.query(`DELETE FROM migration`))).rejects.toThrow(
      /permission denied/,
    );
    await expect(database.control((tx) => tx.query('DROP TABLE workspace'))).rejects.toThrow(/must be owner/);
  });

  it('sends without waiting: in order, told of at the commit, and nothing of it stays when one failed', async () => {
    const id = await workspace();
    const name = async (): Promise<string | undefined> =>
      (await database.statement<{ name: string }>(id, 'SELECT name FROM workspace WHERE id = $1', [id]))[0]
        ?.name;
    const rename = 'UPDATE workspace SET name = $2 WHERE id = $1';
    await database.tx(id, async (tx) => {
      tx.send(rename, [id, 'sent']);
      tx.send(`UPDATE workspace SET name = name || '!' WHERE id = $1`, [id]);
    });
    expect(await name()).toBe('sent!');
    await expect(database.tx(id, async (tx) => tx.send(rename, [id, null]))).rejects.toMatchObject({
      code: '23502',
    });
    // What is refused because of it does not hide the cause, which a savepoint may undo.
    await database.tx(id, async (tx) => {
      tx.send('SAVEPOINT attempt');
      tx.send(rename, [id, null]);
      await expect(tx.query('SELECT 1')).rejects.toMatchObject({ code: '23502' });
      await expect(tx.settled()).rejects.toMatchObject({ code: '23502' });
      tx.send('ROLLBACK TO SAVEPOINT attempt');
      tx.send(rename, [id, 'after']);
    });
    expect(await name()).toBe('after');
    await expect(database.statement(id, rename, [id, null])).rejects.toMatchObject({ code: '23502' });
    await database.statement(id, rename, [id, 'one']);
    expect(await name()).toBe('one');
  });

  it('has PostgreSQL keep what comes again and again, and plan it for the values that come', async () => {
    const one = new Database({ url: engines.databaseUrl, poolSize: 1 });
    const id = await workspace();
    const mark = newId();
    const often = `SELECT name, '${mark}' AS mark FROM workspace WHERE id = $1`;
    for (let time = 0; time < 8; time++) {
      const rows = await one.statement<{ name: string }>(id, often, [id]);
      expect(rows[0]?.name).toBe(id);
    }
    await one.statement(id, `SELECT '${mark} once' AS mark, $1::text AS value`, ['x']);
    const kept = await one.statement<{ statement: string; generic: string; custom: string }>(
      id,
      `SELECT statement, generic_plans AS generic, custom_plans AS custom FROM pg_prepared_statements
       WHERE statement LIKE '%' || $1 || '%'`,
      [mark],
    );
    await one.close();
    expect(kept).toEqual([{ statement: often, generic: '0', custom: '6' }]);
  });

  it('names no statement that PostgreSQL refused, and tells why it did', async () => {
    const one = new Database({ url: engines.databaseUrl, poolSize: 1 });
    const id = await workspace();
    const mark = newId();
    const often = `SELECT name, '${mark}' AS mark FROM workspace WHERE id = $1`;
    const rename = 'UPDATE workspace SET name = $2 WHERE id = $1';
    for (let time = 0; time < 2; time++) await one.statement(id, often, [id]);
    // From here on it has a name, which a transaction that failed gives to nothing.
    const failing = one.tx(id, async (tx) => {
      tx.send(rename, [id, null]);
      await Promise.allSettled([tx.query(often, [id]), tx.query(often, [id])]);
      await tx.query(often, [id]);
    });
    await expect(failing).rejects.toMatchObject({ code: '23502' });
    for (let time = 0; time < 2; time++) expect(await one.statement(id, often, [id])).toHaveLength(1);
    await one.close();
  });

  it('goes on when a migration changes what a kept statement gives', async () => {
    const single = new Database({ url: engines.databaseUrl, poolSize: 1 });
    const owner = new Client({ connectionString: engines.databaseUrl });
    await owner.connect();
    const ask = async (): Promise<unknown> =>
      (await single.control((tx) => tx.query('SELECT * FROM changing WHERE id = $1', [1]))).rows[0];
    try {
      await owner.query(`SET search_path = percorso; CREATE TABLE changing (id int); INSERT INTO changing VALUES (1);
        GRANT SELECT ON changing TO percorso_app`);
      for (let times = 0; times < 5; times++) expect(await ask()).toEqual({ id: 1 });
      await owner.query('ALTER TABLE changing ADD COLUMN more int DEFAULT 2');
      await expect(ask()).rejects.toThrow('cached plan must not change result type');
      expect(await ask()).toEqual({ id: 1, more: 2 });
    } finally {
      await owner.query('DROP TABLE changing');
      await owner.end();
      await single.close();
    }
  });

  it('rolls back when the work throws, and the connection serves again', async () => {
    const id = await workspace();
    const boom = database.tx(id, async (tx) => {
      await tx.query(`UPDATE workspace SET name = 'changed' WHERE id = $1`, [id]);
      throw new RangeError('no');
    });
    await expect(boom).rejects.toThrow('no');
    const { rows } = await database.control((tx) =>
      tx.query<{ name: string }>('SELECT name FROM workspace WHERE id = $1', [id]),
    );
    expect(rows[0]?.name).toBe(id);
  });

  it('inserts every kind of value exactly', async () => {
    const id = await workspace();
    const bytes = Buffer.from([0, 9, 10, 92, 255]);
    const at = new Date('2026-03-29T01:30:00.123Z');
    await database.tx(id, async (tx) => {
      await tx.insertRows(
        'access_key',
        ['workspace_id', 'id', 'kind', 'name', 'hash', 'scopes', 'created_at', 'expires_at'],
        [[id, 'k', 'api', 'Ωμέγα "quoted" \\N', bytes, ['a"b', 'c\\d', 'é,f'], at, null]],
      );
      const { rows } = await tx.query<{ hash: Buffer }>('SELECT * FROM access_key');
      const [row] = rows;
      expect(row).toMatchObject({
        name: 'Ωμέγα "quoted" \\N',
        scopes: ['a"b', 'c\\d', 'é,f'],
        created_at: at,
        expires_at: null,
      });
      expect(row?.hash.equals(bytes)).toBe(true);
    });
  });

  it('says 503 when PostgreSQL cannot be reached', async () => {
    const away = new Database({ url: 'postgres://nobody:x@127.0.0.1:1/none' });
    await expect(away.ping()).rejects.toMatchObject({
      status: 503,
      code: 'database-unavailable',
      retryAfter: 2,
    });
    await away.close();
  });

  it('has nodes and profiles written again for the new columns, as one whom row-level security binds', async () => {
    const ids = [await workspace(), await workspace()];
    for (const id of ids) {
      await database.tx(id, async (tx) => {
        await tx.query(
          `INSERT INTO identity_node (workspace_id, node, namespace, value, home, person, dirty, first_seen)
           VALUES ($1, 1, 'email', 'ann@example.com', 1, 1, false, now())`,
          [id],
        );
        await tx.query(
          `INSERT INTO profile (workspace_id, person, id, dirty, created_at, updated_at) VALUES ($1, 1, $2, false, now(), now())`,
          [id, newId()],
        );
      });
    }
    const client = new Client({ connectionString: engines.databaseUrl });
    await client.connect();
    await client.query(`SET search_path = percorso; SET ROLE percorso_app; ${language.sql}`);
    await client.end();
    const dirty = (id: string): Promise<unknown[]> =>
      database.tx(id, async (tx) => {
        const { rows } = await tx.query(
          'SELECT dirty FROM identity_node UNION ALL SELECT dirty FROM profile ORDER BY dirty',
        );
        return rows;
      });
    for (const id of ids) expect(await dirty(id)).toEqual([{ dirty: true }, { dirty: true }]);
  });
});
