import { readFileSync, statSync, writeFileSync, rmSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Engine } from './engine';
import { fakeServer, temporaryFolder } from './fixtures';
import { startPostgres } from './postgres';
import { findPostgresBinaries } from './postgres-binaries';

async function ask<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

jest.setTimeout(120_000);

describe.each([
  { closed: false, namespaces: true },
  { closed: true, namespaces: true },
  { closed: true, namespaces: false },
])(
  'PostgreSQL (in a folder closed to other accounts: $closed, user namespaces: $namespaces)',
  ({ closed, namespaces }) => {
    const folder = temporaryFolder({ closed });
    const dataDir = folder.path;
    let engine: Engine;
    beforeAll(async () => {
      engine = await startPostgres({ dataDir, namespaces });
    });
    afterAll(async () => {
      await engine.stop();
      folder.remove();
    });

    it('is durable, listens on the loopback interface only and has no socket file', async () => {
      const rows = await ask<{ name: string; setting: string }>(
        engine.url,
        `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes',
       'listen_addresses', 'unix_socket_directories', 'password_encryption', 'data_checksums')`,
      );
      expect(Object.fromEntries(rows.map((row) => [row.name, row.setting]))).toEqual({
        data_checksums: 'on',
        fsync: 'on',
        full_page_writes: 'on',
        listen_addresses: '127.0.0.1',
        password_encryption: 'scram-sha-256',
        synchronous_commit: 'on',
        unix_socket_directories: '',
      });
    });

    it('refuses a wrong password and keeps the right one for its owner only', async () => {
      const url = new URL(engine.url);
      const password = url.password;
      url.password = 'wrong';
      await expect(ask(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
      expect(statSync(join(folder.path, 'postgres.json')).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(folder.path, 'logs', 'postgres.log'), 'utf8')).not.toContain(password);
      expect(readFileSync(`/proc/${engine.pid}/cmdline`, 'utf8')).not.toContain(password);
    });

    it('keeps data and URL over a clean stop and over SIGKILL', async () => {
      const url = engine.url;
      await ask(url, 'create table kept (id int); insert into kept values (1)');
      await engine.stop();
      engine = await startPostgres({ dataDir, namespaces });
      await ask(url, 'insert into kept values (2)');
      await engine.kill();
      engine = await startPostgres({ dataDir, namespaces });
      expect(engine.url).toBe(url);
      expect(await ask(url, 'select id from kept order by id')).toEqual([{ id: 1 }, { id: 2 }]);
    });

    it('says who uses the data when started twice', async () => {
      await expect(startPostgres({ dataDir, namespaces })).rejects.toMatchObject({
        name: 'EngineError',
        code: 'in-use',
        message: expect.stringContaining(`in use by process ${process.pid}`),
      });
      expect(await ask(engine.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    });

    it('starts although a pid file names a process that is no PostgreSQL', async () => {
      const path = join(folder.postgresData(), 'postmaster.pid');
      const text = readFileSync(path, 'utf8');
      await engine.stop();
      writeFileSync(path, text.replace(/^\d+/, String(process.ppid)));
      engine = await startPostgres({ dataDir, namespaces });
      expect(await ask(engine.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    });

    it('takes another port when its last one is taken, and tells a failing start in one line', async () => {
      const port = Number(new URL(engine.url).port);
      await engine.stop();
      await expect(
        startPostgres({ dataDir, namespaces, settings: { shared_buffers: 'plenty' } }),
      ).rejects.toMatchObject({
        code: 'start-failed',
        message: expect.stringMatching(/^PostgreSQL did not start: .*shared_buffers.*$/),
      });
      const state = join(folder.path, 'postgres.json');
      const squatter = await fakeServer(() => '');
      writeFileSync(state, readFileSync(state, 'utf8').replace(`"port":${port}`, `"port":${squatter.port}`));
      engine = await startPostgres({ dataDir, namespaces });
      expect(Number(new URL(engine.url).port)).not.toBe(squatter.port);
      squatter.close();
    });

    it('makes missing library links itself', () => {
      const native = findPostgresBinaries();
      const [link] = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
        target: string;
      }[];
      const path = join(native, '..', link?.target ?? '');
      renameSync(path, `${path}.aside`);
      try {
        findPostgresBinaries();
        expect(statSync(path).size).toBe(statSync(`${path}.aside`).size);
      } finally {
        rmSync(path, { force: true });
        renameSync(`${path}.aside`, path);
      }
    });
  },
);
