import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { startClickHouse } from './clickhouse';
import type { Engine } from './engine';
import { temporaryFolder } from './fixtures';

const ROWS = 100_000;

jest.setTimeout(120_000);

describe('ClickHouse over HTTP', () => {
  const folder = temporaryFolder();
  let engine: Engine;
  let client: ClickHouseClient;
  const connect = (compressed = false): ClickHouseClient =>
    createClient({
      url: engine.url,
      compression: { request: compressed, response: compressed },
      log: { level: ClickHouseLogLevel.OFF },
    });
  const rowsOf = async <T>(query: string, query_params?: Record<string, unknown>): Promise<T[]> =>
    (await client.query({ query, query_params, format: 'JSONEachRow' })).json<T>();

  beforeAll(async () => {
    engine = await startClickHouse({ dataDir: folder.path });
    client = connect();
    await client.command({
      query: `create table events (id UInt64, name String) engine = MergeTree order by id
              settings non_replicated_deduplication_window = 100`,
    });
  });
  afterAll(async () => {
    await client.close();
    await engine.stop();
    folder.remove();
  });

  it('answers ping and names a version and the database of its URL', async () => {
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
    expect(await rowsOf("select currentDatabase() as db, version() >= '24.8' as recent")).toEqual([
      { db: 'percorso', recent: 1 },
    ]);
  });

  it.each([false, true])(`inserts and streams ${ROWS} rows (compressed: %s)`, async (compressed) => {
    const own = connect(compressed);
    await own.command({ query: 'truncate table events' });
    const rows = Readable.from(
      (function* () {
        for (let id = 0; id < ROWS; id++) yield { id, name: `name ${id}\té` };
      })(),
    );
    const inserted = await own.insert({ table: 'events', values: rows, format: 'JSONEachRow' });
    expect(inserted.summary?.written_rows).toBe(String(ROWS));
    const answer = await own.query({
      query: 'select id, name from events order by id',
      format: 'JSONEachRow',
    });
    let expected = 0;
    for await (const batch of answer.stream<{ id: number; name: string }>()) {
      for (const row of batch) {
        const { id, name } = row.json();
        if (id !== expected || name !== `name ${id}\té`)
          throw new RangeError(`row ${expected} came as ${row.text}`);
        expected++;
      }
    }
    expect(expected).toBe(ROWS);
    await own.close();
  });

  it.each([true, false])('binds parameters of every kind (in a form: %s)', async (use_multipart_params) => {
    const answer = await client.query({
      query: `select {text:String} as text, {number:Int64} as number, {list:Array(String)} as list,
              {none:Nullable(String)} as none, {column:Identifier} as one from (select toUInt8(1) as events)`,
      query_params: {
        text: "it's\n\t\\ \u{1F600}",
        number: -5,
        list: ["a'b", 'c'],
        none: null,
        column: 'events',
      },
      use_multipart_params,
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
    });
    expect(await answer.json()).toEqual([
      { text: "it's\n\t\\ \u{1F600}", number: '-5', list: ["a'b", 'c'], none: null, one: 1 },
    ]);
  });

  it('takes parameters longer than a query may be', async () => {
    const list = Array.from({ length: 100_000 }, (_, index) => `value ${index}`);
    const answer = await client.query({
      query: 'select length({list:Array(String)}) as length',
      query_params: { list },
      use_multipart_params: true,
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ length: 100_000 }]);
  });

  it('keeps settings and parameters of concurrent requests apart', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const answer = await client.query({
          query: `select {mine:UInt32} as mine, toUInt32(getSetting('max_block_size')) as size, sum(number) from numbers(100000) group by all`,
          query_params: { mine: index },
          clickhouse_settings: { max_block_size: String(1000 + index) },
          format: 'JSONEachRow',
        });
        return answer.json<{ mine: number; size: number }>();
      }),
    );
    for (const [index, rows] of answers.entries())
      expect(rows).toMatchObject([{ mine: index, size: 1000 + index }]);
  });

  it('answers small queries while a heavy one runs', async () => {
    let heavyDone = false;
    const heavy = rowsOf(
      'select sum(cityHash64(number)) from numbers(1500000000) settings max_threads = 1',
    ).then(() => (heavyDone = true));
    for (let turn = 0; turn < 10; turn++) await rowsOf('select 1');
    expect(heavyDone).toBe(false);
    await heavy;
  });

  it.each([
    ['select * from nowhere', '60', 'UNKNOWN_TABLE'],
    ['selec 1', '62', 'SYNTAX_ERROR'],
    ['select {absent:String}', '456', 'UNKNOWN_QUERY_PARAMETER'],
    ['select throwIf(number = 3) from numbers(10)', '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
  ])('fails %s as ClickHouse does', async (query, code, type) => {
    await expect(rowsOf(query)).rejects.toMatchObject({ name: 'Error', code, type });
  });

  it('reports an error that comes after rows were sent', async () => {
    const answer = await client.query({
      query: 'select number, throwIf(number = 1900000) from numbers(2000000)',
      format: 'JSONEachRow',
      clickhouse_settings: { max_block_size: '10000', max_threads: 1 },
    });
    let seen = 0;
    const reading = (async () => {
      for await (const batch of answer.stream()) seen += batch.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: '395' });
    expect(seen).toBeGreaterThan(0);
  });

  it('refuses rows it cannot parse and keeps none of them', async () => {
    await client.command({ query: 'create table strict (id UInt64) engine = MergeTree order by id' });
    const values = [{ id: 1 }, { id: 'two' }];
    await expect(client.insert({ table: 'strict', values, format: 'JSONEachRow' })).rejects.toMatchObject({
      code: '27',
    });
    expect(await rowsOf('select count() as n from strict')).toEqual([{ n: 0 }]);
  });

  it('inserts from every place a statement can hold its rows', async () => {
    await client.command({
      query: 'create table places (id UInt8, name String) engine = MergeTree order by id',
    });
    await client.command({ query: "insert into places values (1, 'a;'), (2, 'select')" });
    await client.command({ query: 'insert into places format JSONEachRow {"id":3,"name":"b"}' });
    await client.command({ query: "insert into places select 4, 'c'" });
    await client.insert({
      table: 'places',
      values: Readable.from(['5,"d"\n'], { objectMode: false }),
      format: 'CSV',
    });
    const url = new URL(engine.url);
    const headers = {
      authorization: `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`,
    };
    const query = encodeURIComponent('insert into percorso.places format RowBinary');
    const binary = await fetch(`${url.origin}/?query=${query}`, {
      method: 'POST',
      headers,
      body: Uint8Array.of(6, 1, 101),
    });
    expect(binary.status).toBe(200);
    expect(await rowsOf('select name from places order by id')).toEqual(
      ['a;', 'select', 'b', 'c', 'd', 'e'].map((name) => ({ name })),
    );
  });

  it('drops a block whose deduplication token it has seen', async () => {
    await client.command({ query: 'truncate table events' });
    for (const token of ['first', 'first', 'second']) {
      await client.insert({
        table: 'events',
        values: Array.from({ length: 500 }, (_, id) => ({ id, name: token })),
        format: 'JSONEachRow',
        clickhouse_settings: { insert_deduplication_token: token },
      });
    }
    expect(await rowsOf('select name, count() as n from events group by name order by name')).toEqual([
      { name: 'first', n: 500 },
      { name: 'second', n: 500 },
    ]);
  });

  it('refuses a wrong password and shows the right one nowhere', async () => {
    const { password } = new URL(engine.url);
    const stranger = createClient({
      url: engine.url.replace(password, 'wrong'),
      log: { level: ClickHouseLogLevel.OFF },
    });
    await expect(stranger.query({ query: 'select 1' })).rejects.toMatchObject({ code: '516' });
    await stranger.close();
    for (const place of ['cmdline', 'environ']) {
      expect(readFileSync(`/proc/${engine.pid}/${place}`, 'utf8')).not.toContain(password);
    }
  });

  it('has every acknowledged row after SIGKILL during inserts', async () => {
    await client.command({
      query: 'create table acknowledged (batch UInt32, row UInt32) engine = MergeTree order by batch',
    });
    const acknowledged: number[] = [];
    let next = 0;
    const writer = async (): Promise<void> => {
      for (;;) {
        const batch = next++;
        const values = Array.from({ length: 1000 }, (_, row) => ({ batch, row }));
        await client.insert({ table: 'acknowledged', values, format: 'JSONEachRow' });
        acknowledged.push(batch);
      }
    };
    const writers = Promise.allSettled([writer(), writer(), writer()]);
    while (acknowledged.length < 50) await new Promise((resolve) => setTimeout(resolve, 20));
    const url = engine.url;
    await engine.kill();
    await writers;
    await client.close();
    engine = await startClickHouse({ dataDir: folder.path });
    client = connect();
    expect(engine.url).toBe(url);
    const found = new Map(
      (
        await rowsOf<{ batch: number; n: number }>(
          'select batch, count() as n from acknowledged group by batch',
        )
      ).map(({ batch, n }) => [batch, Number(n)]),
    );
    expect(acknowledged.filter((batch) => found.get(batch) !== 1000)).toEqual([]);
  });

  it('finishes a query under way when it is stopped', async () => {
    /** Clock ticks of processors it has had. */
    const worked = (): number => {
      const [, rest = ''] = readFileSync(`/proc/${engine.pid}/stat`, 'utf8').split(') ');
      const [user = 0, system = 0] = rest.split(' ').slice(11, 13).map(Number);
      return user + system;
    };
    const before = worked();
    const answer = rowsOf<{ n: number }>(
      'select count() as n from numbers(1000000000) where not ignore(cityHash64(number))',
    );
    while (worked() < before + 10) await new Promise((resolve) => setTimeout(resolve, 20));
    const stopped = engine.stop();
    expect(Number((await answer)[0]?.n)).toBe(1_000_000_000);
    await stopped;
    expect(await engine.exited).toBe('exit code 0');
    engine = await startClickHouse({ dataDir: folder.path });
    await client.close();
    client = connect();
  });

  it('says who uses the data when started twice', async () => {
    await expect(startClickHouse({ dataDir: folder.path })).rejects.toMatchObject({ code: 'in-use' });
  });
});
