import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import Redis from 'ioredis';
import { Client } from 'pg';
import type { EngineName } from './engine';
import { type Engines, startEngines } from './engines';
import { gone, identifyAll, temporaryFolder } from './fixtures';
import { sleep } from './process-table';

jest.setTimeout(240_000);

async function allAnswer(engines: Engines): Promise<void> {
  const postgres = new Client({ connectionString: engines.databaseUrl });
  await postgres.connect();
  await postgres.query('select 1');
  await postgres.end();
  const clickhouse = createClient({ url: engines.clickhouseUrl });
  expect(await clickhouse.ping({ select: true })).toEqual({ success: true });
  await clickhouse.close();
  const redis = new Redis(engines.redisUrl);
  expect(await redis.ping()).toBe('PONG');
  redis.disconnect();
}

describe('startEngines', () => {
  const folder = temporaryFolder();
  const lines: string[] = [];
  let engines: Engines;
  beforeAll(async () => {
    engines = await startEngines({ dataDir: folder.path, log: (line) => lines.push(line) });
  });
  afterAll(async () => {
    await engines.stop();
    folder.remove();
  });

  it('starts all three, logs each to its own file and tells no secret', async () => {
    await allAnswer(engines);
    expect(engines.embedded).toEqual({ postgres: true, clickhouse: true, redis: true });
    expect(readdirSync(join(folder.path, 'logs')).sort()).toEqual([
      'clickhouse.log',
      'postgres.log',
      'redis.log',
    ]);
    expect(
      lines.filter((line) => /^(PostgreSQL|ClickHouse|Redis) ready in [\d.]+ s$/.test(line)),
    ).toHaveLength(3);
    const told =
      lines.join('\n') +
      readdirSync(join(folder.path, 'logs'))
        .map((name) => readFileSync(join(folder.path, 'logs', name), 'utf8'))
        .join('\n');
    for (const url of [engines.databaseUrl, engines.clickhouseUrl, engines.redisUrl]) {
      expect(told).not.toContain(new URL(url).password);
    }
  });

  it('uses what a URL names and embeds nothing for it', async () => {
    const { databaseUrl, clickhouseUrl, redisUrl } = engines;
    const guests = await startEngines({ dataDir: folder.path, databaseUrl, clickhouseUrl, redisUrl });
    expect(guests).toMatchObject({ databaseUrl, clickhouseUrl, redisUrl });
    expect(guests.embedded).toEqual({ postgres: false, clickhouse: false, redis: false });
    expect(guests.engine('postgres')).toBeUndefined();
    await guests.stop();
    await allAnswer(engines);
  });

  it('starts nothing when one URL is wrong', async () => {
    const other = temporaryFolder();
    const wrong = engines.redisUrl.replace(/:[0-9a-f]+@/, ':wrong@');
    await expect(startEngines({ dataDir: other.path, redisUrl: wrong })).rejects.toMatchObject({
      code: 'authentication',
    });
    expect(() => readdirSync(other.path)).toThrow('ENOENT');
    other.remove();
  });

  it('refuses a data folder in use and leaves its user alone', async () => {
    await expect(startEngines({ dataDir: folder.path })).rejects.toMatchObject({
      name: 'EngineError',
      code: 'in-use',
    });
    await allAnswer(engines);
  });

  it.each<EngineName>(['postgres', 'clickhouse', 'redis'])('restarts %s under its URL', async (name) => {
    const before = engines.engine(name);
    await engines.restart(name);
    const after = engines.engine(name);
    expect(after?.pid).not.toBe(before?.pid);
    expect(after?.url).toBe(before?.url);
    await allAnswer(engines);
  });

  it.each<EngineName>(['postgres', 'clickhouse', 'redis'])(
    'brings %s back when it dies by itself',
    async (name) => {
      const before = engines.engine(name);
      process.kill(before?.pid ?? 0, 'SIGKILL');
      for (let waited = 0; engines.engine(name)?.pid === before?.pid; waited += 50) {
        expect(waited).toBeLessThan(120_000);
        await sleep(50);
      }
      expect(engines.engine(name)?.url).toBe(before?.url);
      await allAnswer(engines);
    },
  );

  it('lets only one of many starts at once have the data', async () => {
    const other = temporaryFolder();
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => startEngines({ dataDir: other.path })));
    const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    const losers = outcomes.filter((outcome) => outcome.status === 'rejected');
    for (const loser of losers) expect(loser.reason).toMatchObject({ code: 'in-use' });
    expect(winners.length).toBeLessThanOrEqual(1);
    for (const winner of winners) await winner.value.stop();
    other.remove();
  });
});

describe('the command', () => {
  const main = join(__dirname, '..', 'dist', 'main.js');
  const run = (words: string[], env: NodeJS.ProcessEnv = {}) =>
    spawn(process.execPath, [main, ...words], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it('prints the URLs once ready, and ends everything on SIGTERM', async () => {
    const folder = temporaryFolder();
    const child = run(['--data-dir', folder.path]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let said = '';
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    while (!said.includes('REDIS_URL=')) await sleep(50);
    expect(said).toMatch(/^DATABASE_URL=postgres:.*\nCLICKHOUSE_URL=http:.*\nREDIS_URL=redis:.*\n$/);
    expect(told).toMatch(/All engines ready in [\d.]+ s/);
    const pids = readdirSync(folder.path)
      .filter((name) => name.endsWith('.lock'))
      .map(
        (name) =>
          (JSON.parse(readFileSync(join(folder.path, name), 'utf8')) as { engine: { pid: number } }).engine
            .pid,
      );
    expect(pids).toHaveLength(3);
    const processes = identifyAll(pids);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await gone(processes);
    folder.remove();
  });

  it('tells a wrong URL in one line and exits with 1', async () => {
    const child = run([], { DATABASE_URL: 'mysql://root:hidden@localhost/x' });
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(told).toBe(
      'DATABASE_URL is not a PostgreSQL URL; expected postgres://user:password@host:5432/database\n',
    );
  });
});
