import { readFileSync, writeFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import type { Engine } from './engine';
import { temporaryFolder } from './fixtures';
import { sleep } from './process-table';
import { startRedis } from './redis';

async function withClient<T>(url: string, use: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

jest.setTimeout(240_000);

describe('Redis', () => {
  const folder = temporaryFolder();
  let engine: Engine;
  beforeAll(async () => {
    engine = await startRedis({ dataDir: folder.path });
  });
  afterAll(async () => {
    await engine.stop();
    folder.remove();
  });

  it('appends to a file every second, evicts nothing and asks for its password', async () => {
    const settings = await withClient(engine.url, async (client) => {
      const names = ['appendonly', 'appendfsync', 'maxmemory-policy', 'bind'];
      const found = await Promise.all(names.map((name) => client.config('GET', name) as Promise<string[]>));
      return found.flat();
    });
    expect(settings).toEqual([
      'appendonly',
      'yes',
      'appendfsync',
      'everysec',
      'maxmemory-policy',
      'noeviction',
      'bind',
      '127.0.0.1',
    ]);
    const url = new URL(engine.url);
    const password = url.password;
    url.password = '';
    await expect(withClient(url.href, (client) => client.ping())).rejects.toThrow(/NOAUTH/);
    expect(readFileSync(`/proc/${engine.pid}/cmdline`, 'utf8')).not.toContain(password);
  });

  it('keeps data and URL over SIGKILL', async () => {
    const url = engine.url;
    await withClient(url, (client) => client.set('kept', 'yes'));
    await sleep(1500);
    await engine.kill();
    engine = await startRedis({ dataDir: folder.path });
    expect(engine.url).toBe(url);
    expect(await withClient(url, (client) => client.get('kept'))).toBe('yes');
  });

  it('says who uses the data when started twice', async () => {
    await expect(startRedis({ dataDir: folder.path })).rejects.toMatchObject({ code: 'in-use' });
  });

  it('starts empty, and says so, when its file is damaged', async () => {
    await engine.stop();
    const files = join(folder.path, 'redis', 'appendonlydir');
    const name = readdirSync(files).find((file) => file.endsWith('.incr.aof')) ?? '';
    writeFileSync(join(files, name), 'this is no command\n'.repeat(20));
    const lines: string[] = [];
    engine = await startRedis({ dataDir: folder.path, log: (line) => lines.push(line) });
    expect(lines).toEqual(['Redis could not read its file: set aside, queues are rebuilt from PostgreSQL']);
    expect(await withClient(engine.url, (client) => client.dbsize())).toBe(0);
  });

  it('is unpacked from the distribution’s package when PATH has none', async () => {
    const other = temporaryFolder();
    const lines: string[] = [];
    const options = {
      dataDir: other.path,
      path: '',
      cacheDir: join(other.path, 'cache'),
      log: (line: string) => lines.push(line),
    };
    let unpacked = await startRedis(options);
    expect(await withClient(unpacked.url, (client) => client.ping())).toBe('PONG');
    await unpacked.stop();
    expect(lines).toHaveLength(1);
    unpacked = await startRedis(options);
    await unpacked.stop();
    expect(lines).toHaveLength(1);
    other.remove();
  });

  it('names what to install where there is neither a server nor apt', async () => {
    const other = temporaryFolder();
    const path = process.env.PATH;
    process.env.PATH = '';
    try {
      await expect(
        startRedis({ dataDir: other.path, cacheDir: join(other.path, 'cache') }),
      ).rejects.toMatchObject({
        code: 'not-installed',
        message:
          'Redis 6.2 or newer is needed and was not found (this system has no apt): ' +
          'install redis-server or valkey-server, or set REDIS_URL.',
      });
    } finally {
      process.env.PATH = path;
      other.remove();
    }
  });
});
