import { createServer, type Server } from 'node:http';
import Redis from 'ioredis';
import { startClickHouse } from './clickhouse';
import type { Engine, EngineName } from './engine';
import { fakeServer, temporaryFolder } from './fixtures';
import { startPostgres } from './postgres';
import { checkUrl, checkUrls } from './probe';
import { startRedis } from './redis';

const NAMES: EngineName[] = ['postgres', 'clickhouse', 'redis'];
const SECRET = 'S3cretWord';

jest.setTimeout(240_000);

describe('checkUrls', () => {
  const folder = temporaryFolder();
  const running = new Map<EngineName, Engine>();
  const urlOf = (name: EngineName): string => running.get(name)?.url ?? '';
  /** The one line a person gets, after the checks every such line must pass. */
  const complaint = async (name: EngineName, url: string): Promise<{ code: string; message: string }> => {
    const error = (await checkUrl(name, url).catch((thrown: unknown) => thrown)) as Error & { code: string };
    expect(error).toMatchObject({ name: 'EngineError', engine: name });
    expect(error.message).not.toMatch(/\n|\bat .*\.js|undefined/);
    expect(error.message).not.toContain(SECRET);
    return { code: error.code, message: error.message };
  };

  beforeAll(async () => {
    const dataDir = folder.path;
    const engines = await Promise.all([
      startPostgres({ dataDir }),
      startClickHouse({ dataDir }),
      startRedis({ dataDir }),
    ]);
    for (const engine of engines) running.set(engine.name, engine);
  });
  afterAll(async () => {
    await Promise.all([...running.values()].map((engine) => engine.stop()));
    folder.remove();
  });

  it('accepts engines that are as they should be, and nothing to check', async () => {
    await checkUrls({
      databaseUrl: urlOf('postgres'),
      clickhouseUrl: urlOf('clickhouse'),
      redisUrl: urlOf('redis'),
    });
    await checkUrls({});
  });

  it.each(NAMES)('refuses what is no URL of %s', async (name) => {
    for (const text of [
      '',
      `user:${SECRET}@host`,
      `ftp://user:${SECRET}@host`,
      '//x',
      `postgres//x:${SECRET}`,
    ]) {
      const { code, message } = await complaint(name, text);
      expect(code).toBe('url-invalid');
      expect(message).toMatch(/^(DATABASE|CLICKHOUSE|REDIS)_URL .*; expected (postgres|http|redis):\/\//);
    }
  });

  it.each(NAMES)('says that nothing listens where %s should', async (name) => {
    const free = await fakeServer(() => '');
    free.close();
    const url = new URL(urlOf(name));
    url.port = String(free.port);
    url.password = SECRET;
    const { code, message } = await complaint(name, url.href);
    expect(code).toBe('unreachable');
    expect(message).toMatch(/cannot be reached: nothing listens there\.$/);
  });

  it.each(NAMES)('says that the host of %s is unknown', async (name) => {
    const url = new URL(urlOf(name));
    url.hostname = 'no-such-host.invalid';
    const { code, message } = await complaint(name, url.href);
    expect(code).toBe('unreachable');
    expect(message).toMatch(/host name/);
  });

  it.each(NAMES)('says that %s refuses the password, wrong or absent', async (name) => {
    for (const password of [SECRET, '']) {
      const url = new URL(urlOf(name));
      url.password = password;
      expect((await complaint(name, url.href)).code).toBe('authentication');
    }
  });

  it.each(
    NAMES.flatMap((name) =>
      NAMES.filter((other) => other !== name).map((other): [EngineName, EngineName] => [name, other]),
    ),
  )('says that the port named for %s is not its own (%s answers there)', async (name, other) => {
    const url = new URL(urlOf(name));
    url.port = new URL(urlOf(other)).port;
    expect((await complaint(name, url.href)).code).toBe('protocol');
  });

  it.each(NAMES)('gives up on a port that stays silent instead of answering as %s', async (name) => {
    const silent = await fakeServer(() => '');
    const url = new URL(urlOf(name));
    url.port = String(silent.port);
    expect((await complaint(name, url.href)).code).toBe('protocol');
    silent.close();
  });

  it.each(['postgres', 'clickhouse'] as const)('says that %s has no such database', async (name) => {
    const url = new URL(urlOf(name));
    url.pathname = '/absent';
    expect(await complaint(name, url.href)).toMatchObject({
      code: 'settings',
      message: expect.stringMatching(/absent has no such database\.$/),
    });
  });

  it('refuses a Redis that would evict queues', async () => {
    const client = new Redis(urlOf('redis'));
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    // Without a limit nothing is evicted, whatever the policy.
    await expect(checkUrl('redis', urlOf('redis'))).resolves.toBeUndefined();
    await client.config('SET', 'maxmemory', '500mb');
    expect(await complaint('redis', urlOf('redis'))).toMatchObject({
      code: 'settings',
      message: expect.stringContaining(
        'evicts keys when its memory is full (maxmemory-policy allkeys-lru); set it to noeviction',
      ),
    });
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    await client.config('SET', 'maxmemory', '0');
    client.disconnect();
  });

  it('refuses versions that are too old', async () => {
    const old = await fakeServer((data) => {
      const facts = 'redis_version:6.0.16\r\n';
      const answer = /info\r\n\$6/i.test(data) ? `$${facts.length}\r\n${facts}\r\n` : '+OK\r\n';
      const commands = data.match(/^\*/gm) ?? [];
      return answer.repeat(commands.length);
    });
    expect((await complaint('redis', `redis://127.0.0.1:${old.port}`)).message).toMatch(
      /is version 6\.0\.16; 6\.2 or newer is needed\.$/,
    );
    old.close();
    const server: Server = createServer((_, response) => response.end('{"version":"23.3.1.2823"}\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    expect((await complaint('clickhouse', `http://127.0.0.1:${port}`)).message).toMatch(
      /is version 23\.3\.1\.2823; 24\.8 or newer/,
    );
    server.close();
    server.closeAllConnections();
  });
});
