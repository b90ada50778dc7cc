import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestEngines } from '@percorso/engines';
import { Command, processesOf, untilNoneOf } from './command';
import { admin, HubEndedEarly, type HubHandle, releaseEngines, sharedEngines, startHub } from './harness';

let folder: string;
let running: Command[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'percorso start-'));
});

afterEach(async () => {
  for (const command of running) command.signalGroup('SIGKILL');
  running = [];
  await untilNoneOf(folder);
  rmSync(folder, { recursive: true, force: true });
});

afterAll(releaseEngines);

function npm(words: string[], env: NodeJS.ProcessEnv = {}): Command {
  const command = new Command(words, { PERCORSO_DATA_DIR: folder, PORT: '0', ...env });
  running.push(command);
  return command;
}

const LISTENS = /listens on (http:\S+)/;

describe('npm start', () => {
  const addressOf = async (command: Command): Promise<string> => (await command.says(LISTENS))[1] ?? '';

  it('starts with what it kept, and Ctrl-C stops all of it', async () => {
    const first = npm(['start']);
    const url = await addressOf(first);
    const rootKey = readFileSync(join(folder, 'root-key'), 'utf8').trim();
    await admin(url, rootKey).post('/v1/workspaces', { name: 'Kept' });
    first.signalGroup('SIGINT');
    expect(await first.end()).toBe(0);
    expect(first.output).not.toMatch(/again|\bat .*\.js:/);
    expect(processesOf(folder)).toEqual([]);

    const second = npm(['start']);
    const again = await addressOf(second);
    const { data } = await admin(again, rootKey).get<{ data: { name: string }[] }>('/v1/workspaces');
    expect(data.map(({ name }) => name)).toEqual(['Kept']);
  });

  it('ends with npm when a supervisor ends only that', async () => {
    const command = npm(['start']);
    await addressOf(command);
    command.child.kill('SIGTERM');
    expect(await command.end()).toBe(0);
    expect(processesOf(folder)).toEqual([]);
  });

  it('killed by force leaves no process behind', async () => {
    const command = npm(['start']);
    await addressOf(command);
    command.signalGroup('SIGKILL');
    await untilNoneOf(folder);
  });

  it('embeds no engine that a URL names', async () => {
    const { databaseUrl, clickhouseUrl, redisUrl } = await sharedEngines();
    const command = npm(['start'], {
      DATABASE_URL: databaseUrl,
      CLICKHOUSE_URL: clickhouseUrl,
      REDIS_URL: redisUrl,
    });
    await addressOf(command);
    for (const engine of ['postgres', 'clickhouse', 'redis'])
      expect(existsSync(join(folder, engine))).toBe(false);
    expect(command.output).not.toContain('embedded');
  });
});

describe('a wrong engine URL ends both commands with one line', () => {
  const VARIABLES = { DATABASE_URL: 'databaseUrl', CLICKHOUSE_URL: 'clickhouseUrl', REDIS_URL: 'redisUrl' };
  const SECRET = 'hunter2';
  const change = (part: 'hostname' | 'port' | 'password', value: string) => (url: string) => {
    const changed = new URL(url);
    changed[part] = value;
    return changed.href;
  };
  const mistakes: [string, (url: string) => string, RegExp][] = [
    ['an unknown host', change('hostname', 'no-such-host.invalid'), /the host name/],
    ['a port where nothing listens', change('port', '1'), /nothing listens there/],
    ['a wrong password', change('password', SECRET), /refuses this user and password/],
    ['a host out of reach', change('hostname', '192.0.2.1'), /cannot be reached|does not answer/],
    ['a text that is no URL', () => `user:${SECRET}@ not a url`, /_URL is not a .*URL; expected /],
  ];
  const cases = Object.entries(VARIABLES).flatMap(([variable, field]) =>
    mistakes.map(
      ([what, spoil, words]) =>
        [`${variable} with ${what}`, variable, field as keyof TestEngines, spoil, words] as const,
    ),
  );

  it.each(cases)('%s', async (_what, variable, field, spoil, words) => {
    const engines = await sharedEngines();
    const env = {
      DATABASE_URL: engines.databaseUrl,
      CLICKHOUSE_URL: engines.clickhouseUrl,
      REDIS_URL: engines.redisUrl,
      [variable]: spoil(engines[field] as string),
    };
    for (const start of [npm(['start'], env), npm(['run', 'demo', '--', '--once'], env)]) {
      expect(await start.end()).toBe(1);
      expect(start.complaints).toEqual([expect.stringMatching(words)]);
      expect(start.output).not.toMatch(/hunter2|\bat .*\.js/);
    }
  });
});

describe('a mistake at the start', () => {
  const say = async (env: NodeJS.ProcessEnv): Promise<HubEndedEarly> => {
    const outcome = await startHub({ env }).catch((error: unknown) => error);
    if (outcome instanceof HubEndedEarly) return outcome;
    await (outcome as HubHandle).stop();
    return new HubEndedEarly(0, 'it started');
  };

  it.each([
    ['a port that is none', { PORT: 'http' }, /PORT must be a port/],
    ['a database URL that is none', { DATABASE_URL: 'not a url' }, /DATABASE_URL/],
    ['a database that does not answer', { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x' }, /PostgreSQL/],
    ['a ClickHouse that does not answer', { CLICKHOUSE_URL: 'http://127.0.0.1:1' }, /ClickHouse/],
    ['a Redis URL of another kind', { REDIS_URL: 'http://127.0.0.1:1' }, /REDIS_URL/],
    ['an address that is not here', { HOST: '192.0.2.7', PORT: '18080' }, /HOST/],
    ['a short root key', { PERCORSO_ROOT_KEY: 'short' }, /PERCORSO_ROOT_KEY must/],
  ])('is told in one line: %s', async (_what, env, words) => {
    const { code, said } = await say(env);
    expect(code).toBe(1);
    expect(said).toMatch(words);
    expect(said.trim().split('\n')).toHaveLength(1);
    expect(said).not.toMatch(/hunter2|\bat .*\.js:/);
  });

  it('is told in one line: a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { code, said } = await say({ PORT: String(port) });
    server.close();
    expect(code).toBe(1);
    expect(said.trim()).toBe(
      `Port ${port} on 127.0.0.1 is in use: stop what listens there, or set PORT (0 takes a free one).`,
    );
  });
});
