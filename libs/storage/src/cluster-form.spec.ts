import { startTestEngines, type TestEngines } from '@percorso/engines';
import { connectClickHouse } from './clickhouse';
import { inCluster, schemaTables } from './cluster-form';
import { CLICKHOUSE_START, clickhouseEnd } from './migrate-clickhouse';
import { clickhouseMigrations } from './migrations/clickhouse';
import { syncReplica } from './shards';

describe('the schema on a cluster', () => {
  let engines: TestEngines;
  beforeAll(async () => {
    engines = await startTestEngines();
  });
  afterAll(() => engines?.stop());

  const written = [...CLICKHOUSE_START, ...clickhouseMigrations.flatMap(({ statements }) => statements)];
  const clustered = written.map((statement) => inCluster(statement, 'main'));

  it('is made of the same statements, each on the whole cluster, each table replicated', () => {
    for (const statement of clustered)
      expect(statement).toMatch(/^(CREATE (DATABASE|TABLE)|ALTER TABLE) .*? ON CLUSTER `main`/);
    const tables = clustered.filter((statement) => statement.startsWith('CREATE TABLE'));
    expect(tables).toHaveLength(schemaTables().length + 2);
    for (const statement of tables) {
      const table = /\{db\}\.(\w+)/.exec(statement)?.[1];
      expect(statement).toContain(`MergeTree('/clickhouse/tables/{shard}/{db}/${table}', '{replica}'`);
      expect(statement).toMatch(/ENGINE = Replicated/);
    }
    const profile = tables.find((statement) => statement.includes('{db}.profile '));
    expect(profile).toContain("'{replica}', version, deleted)");
    const event = tables.find((statement) => statement.includes('{db}.event '));
    expect(event).toContain(
      'SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds',
    );
    expect(event).not.toContain('non_replicated');
  });

  it('is all ClickHouse’s own parser takes', async () => {
    const clickhouse = connectClickHouse(engines.clickhouseUrl);
    const read = async (statement: string): Promise<string | null> => {
      const answer = await clickhouse.query({
        query: 'SELECT formatQuerySingleLineOrNull({statement: String}) AS text',
        query_params: { statement: statement.replaceAll('{db}', 'percorso') },
        format: 'JSONEachRow',
      });
      return (await answer.json<{ text: string | null }>())[0]!.text;
    };
    for (const statement of [...clustered, ...clickhouseEnd('main')])
      expect(await read(statement)).toContain('ON CLUSTER main');
    for (const table of schemaTables()) expect(await read(syncReplica(table))).toContain('SYNC REPLICA');
    expect(await read('CREATE TABLE x ON CLUSTER')).toBeNull();
    await clickhouse.close();
  });

  it('reads all shards by tables that nobody can write through', () => {
    const ends = clickhouseEnd('main');
    expect(ends.map((statement) => /\{db\}\.(\w+)_all /.exec(statement)?.[1])).toEqual(schemaTables());
    for (const [index, statement] of ends.entries())
      expect(statement).toMatch(new RegExp(`Distributed\\(\`main\`, \\{db\\}, ${schemaTables()[index]}\\)$`));
  });

  it('refuses a statement it does not know, so that no migration is forgotten on clusters', () => {
    expect(() => inCluster('DROP TABLE {db}.event', 'main')).toThrow(TypeError);
    expect(() => inCluster('CREATE TABLE IF NOT EXISTS {db}.x (a Int8) ENGINE = Log', 'main')).toThrow(
      /engine/,
    );
  });
});
