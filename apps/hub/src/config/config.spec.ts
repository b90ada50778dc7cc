import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { ConfigError, FLAGS, HubConfig, readConfig, VARIABLES } from './config';
import { loadRootKey } from './root-key';

describe('configuration', () => {
  it('has defaults for everything', () => {
    const config = readConfig([], { PERCORSO_DATA_DIR: '/data', PORT: '' });
    expect(config).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      roles: ['api', 'ingest', 'worker'],
      logLevel: 'info',
      partitions: 8,
    });
    expect(config.masterKeyFile).toBe('/data/master-key.json');
  });

  it('takes flags before the environment', () => {
    const config = readConfig(['--port', '9000', '--roles=api, worker'], {
      PORT: '1',
      PERCORSO_ROLES: 'ingest',
    });
    expect(config).toMatchObject({ port: 9000, roles: ['api', 'worker'] });
  });

  it('names every mistake in one line, without the values', () => {
    const secret = 'short-canary';
    const read = () =>
      readConfig(['--roles', 'api,console'], {
        PORT: '80a',
        LOG_LEVEL: 'loud',
        PERCORSO_ROOT_KEY: secret,
        PERCORSO_POOL_SIZE: '1',
        PERCORSO_PARTITIONS: '6',
        PERCORSO_EVENT_DAYS: '29',
        PERCORSO_HOOK_CALLS: '0',
        PERCORSO_JOURNEY_DAYS: '0',
        PERCORSO_PUBLIC_URL: 'hub',
      });
    expect(read).toThrow(ConfigError);
    let message = '';
    try {
      read();
    } catch (error) {
      ({ message } = error as Error);
    }
    for (const name of [
      'PORT',
      'LOG_LEVEL',
      'PERCORSO_ROOT_KEY',
      'PERCORSO_ROLES',
      'PERCORSO_POOL_SIZE',
      'PERCORSO_PARTITIONS',
      'PERCORSO_EVENT_DAYS',
      'PERCORSO_HOOK_CALLS',
      'PERCORSO_JOURNEY_DAYS',
      'PERCORSO_PUBLIC_URL',
    ]) {
      expect(message).toContain(`${name} must`);
    }
    expect(message.split('\n')).toHaveLength(1);
    expect(message).not.toMatch(/canary|80a|loud/);
  });

  it.each(['65536', '-1', '1.5', '0x50'])('refuses port %s', (PORT) => {
    expect(() => readConfig([], { PORT })).toThrow(/PORT must/);
  });

  it('keeps all events in PostgreSQL unless it is told for how many days', () => {
    expect(readConfig([], {}).eventDays).toBeUndefined();
    expect(readConfig([], { PERCORSO_EVENT_DAYS: '90' }).eventDays).toBe(90);
    for (const PERCORSO_EVENT_DAYS of ['7', '0', '-90', '90.5', 'all', '36501'])
      expect(() => readConfig([], { PERCORSO_EVENT_DAYS })).toThrow(/PERCORSO_EVENT_DAYS must be a number/);
  });

  it('takes one ClickHouse server, or shards in their order, of a cluster or not', () => {
    const urls = ['http://one:8123', 'http://two:8123'];
    const CLICKHOUSE_SHARDS = urls.join(', ');
    expect(readConfig([], { CLICKHOUSE_SHARDS }).clickhouseShards).toEqual(urls);
    const clustered = { CLICKHOUSE_URL: urls[0], CLICKHOUSE_CLUSTER: 'main' };
    expect(readConfig([], clustered)).toMatchObject({ clickhouseUrl: urls[0], clickhouseCluster: 'main' });
    const refused: [NodeJS.ProcessEnv, RegExp][] = [
      [{ CLICKHOUSE_SHARDS: urls[0] }, /CLICKHOUSE_SHARDS must name two/],
      [{ CLICKHOUSE_SHARDS: `${urls[0]},${urls[0]}` }, /CLICKHOUSE_SHARDS must name each shard once/],
      [{ CLICKHOUSE_SHARDS, CLICKHOUSE_URL: urls[0] }, /CLICKHOUSE_SHARDS cannot be used/],
      [{ CLICKHOUSE_CLUSTER: 'main' }, /CLICKHOUSE_CLUSTER needs/],
      [{ ...clustered, CLICKHOUSE_CLUSTER: 'a`b' }, /CLICKHOUSE_CLUSTER must be the name/],
    ];
    for (const [env, message] of refused) expect(() => readConfig([], env)).toThrow(message);
  });

  it('takes private authorities from a file that must hold certificates', () => {
    const folder = mkdtempSync(join(tmpdir(), 'percorso-config-'));
    const [good, bad] = [join(folder, 'good.pem'), join(folder, 'bad.pem')];
    writeFileSync(good, rootCertificates.slice(0, 2).join('\n'));
    writeFileSync(bad, 'no certificate\n');
    expect(readConfig([], { NODE_EXTRA_CA_CERTS: good }).extraCaFile).toBe(good);
    for (const file of [bad, join(folder, 'none.pem')])
      expect(() => readConfig([], { NODE_EXTRA_CA_CERTS: file })).toThrow(
        /NODE_EXTRA_CA_CERTS must name a file of PEM certificates/,
      );
    rmSync(folder, { recursive: true });
  });

  it('refuses flags it does not know', () => {
    expect(() => readConfig(['--prot', '1'], {})).toThrow(/--roles, --port, --host, --data-dir/);
  });
});

describe("the operator's table of settings", () => {
  const names = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  const rows = readFileSync(join(__dirname, '..', '..', '..', '..', 'docs', 'operate.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| `[A-Z_]+`/.test(line))
    .map((line) => line.split('|').slice(1).map(names));

  it('names every variable and every flag, and no other', () => {
    expect(rows.flatMap(([variables = []]) => variables).sort()).toEqual(Object.values(VARIABLES).sort());
    const flags = Object.values(FLAGS).map((flag) => `--${flag}`);
    expect(rows.flatMap(([, given = []]) => given).sort()).toEqual(flags.sort());
  });

  it('tells the defaults', () => {
    const told = new Map(
      rows.flatMap(([variables = [], , , defaults = []]) =>
        variables.map((name, index): [string, string | undefined] => [name, defaults[index]]),
      ),
    );
    for (const [field, value] of Object.entries(new HubConfig())) {
      if (value === undefined) continue;
      const name = VARIABLES[field as keyof HubConfig];
      expect({ [name]: told.get(name) }).toEqual({ [name]: String(value) });
    }
  });
});

describe('the root key', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is made once, readable by its owner alone', () => {
    const config = readConfig([], { PERCORSO_DATA_DIR: join(folder, 'new') });
    const first = loadRootKey(config);
    expect(first.key).toMatch(/^pr_[0-9A-Za-z]{43}$/);
    expect(loadRootKey(config)).toEqual(first);
    expect(statSync(first.file ?? '').mode & 0o777).toBe(0o600);
  });

  it('comes from the named file, which must exist and be long enough', () => {
    const file = join(folder, 'given');
    const config = readConfig([], { PERCORSO_DATA_DIR: folder, PERCORSO_ROOT_KEY_FILE: file });
    expect(() => loadRootKey(config)).toThrow(/cannot be read/);
    writeFileSync(file, 'short\n');
    expect(() => loadRootKey(config)).toThrow(/at least 32/);
    writeFileSync(file, `${'k'.repeat(40)}\n`);
    expect(loadRootKey(config)).toEqual({ key: 'k'.repeat(40), file });
  });
});
