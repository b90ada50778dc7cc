import { Client } from 'pg';
import { gone, identifyAll, runScript, temporaryFolder } from './fixtures';
import { startEngines } from './engines';

const STARTERS = ['startPostgres', 'startClickHouse', 'startRedis'];

jest.setTimeout(240_000);

interface Started {
  pids: number[];
  url: string;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe.each(['auto', 'pipe'])('engines on a leash (%s)', (leash) => {
  it('end with the SIGKILL of their parent, and start again with their data', async () => {
    const folder = temporaryFolder();
    const options = JSON.stringify({ dataDir: folder.path, leash });
    const script = await runScript(`
      Promise.all([${STARTERS.map((name) => `engines.${name}(${options})`).join(', ')}]).then((started) =>
        console.log(JSON.stringify({ pids: started.map((engine) => engine.pid), url: started[0].url })));
      setInterval(() => undefined, 1000);
    `);
    const { pids, url } = script.said as Started;
    await query(url, 'create table kept as select 7 as seven');
    const processes = identifyAll(pids);
    process.kill(script.pid, 'SIGKILL');
    await script.ended;
    await gone(processes);

    const again = await startEngines({ dataDir: folder.path });
    expect(again.databaseUrl).toBe(url);
    expect(await query(again.databaseUrl, 'select seven from kept')).toEqual([{ seven: 7 }]);
    await again.stop();
    folder.remove();
  });
});

describe('engines of a parent that just exits', () => {
  it('end with it', async () => {
    const folder = temporaryFolder();
    const script = await runScript(`
      engines.startEngines(${JSON.stringify({ dataDir: folder.path })}).then((all) => {
        const pids = ['postgres', 'clickhouse', 'redis'].map((name) => all.engine(name).pid);
        console.log(JSON.stringify(pids));
        setTimeout(() => process.exit(3), 200);
      });
    `);
    const processes = identifyAll(script.said as number[]);
    expect(await script.ended).toBe(3);
    await gone(processes);
    folder.remove();
  });
});
