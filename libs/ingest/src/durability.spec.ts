import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startTestEngines, TestEngines } from '@percorso/engines';
import { Database, migrate } from '@percorso/storage';
import { IngestLog } from './ingest-log';
import { basic, newWorkspace, serveCollection, TestWorkspace } from './testing/collection';

/** Events before the kill and after it. */
const EACH = 5000;
const PROCESS = join(__dirname, '..', 'dist', 'testing', 'serve.js');

describe('two server processes, one of them killed under load', () => {
  let engines: TestEngines;
  let app: NestFastifyApplication;
  let mine: TestWorkspace;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    app = await serveCollection(engines);
    mine = await newWorkspace(app);
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await app?.close();
    await engines?.stop();
  });

  function serve(): Promise<string> {
    const child = spawn(process.execPath, [PROCESS], {
      env: { ...process.env, DATABASE_URL: engines.databaseUrl, CLICKHOUSE_URL: engines.clickhouseUrl },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new RangeError(`the server exited with ${code}`)));
      child.stdout?.once('data', (line: Buffer) => resolve(`http://127.0.0.1:${line.toString().trim()}`));
    });
  }

  const acknowledged: string[] = [];
  let sent = 0;

  async function send(server: string, size: number): Promise<boolean> {
    const ids = Array.from({ length: size }, () => `m${sent++}`);
    const batch = ids.map((messageId) => ({ type: 'track', messageId, userId: 'u', event: 'e' }));
    try {
      const answer = await fetch(`${server}/v1/batch`, {
        method: 'POST',
        body: JSON.stringify({ batch }),
        headers: { authorization: basic(mine.writeKey) },
      });
      if (answer.status === 200) acknowledged.push(...ids);
      return answer.status === 200;
    } catch {
      return false;
    }
  }

  async function client(server: string, until: () => boolean): Promise<void> {
    for (let turn = 1; !until(); turn++) if (!(await send(server, 1 + ((turn * 7) % 90)))) return;
  }

  it('loses nothing acknowledged; readers never see a gap', async () => {
    const [one, two] = await Promise.all([serve(), serve()]);
    let over = false;
    const load = [one, two].flatMap((server) => Array.from({ length: 6 }, () => client(server, () => over)));
    const log = app.get(IngestLog);
    const seen: string[] = [];
    const follow = async (): Promise<number> => {
      const chunks = await app.get(Database).tx(mine.workspaceId, (tx) => log.read(tx, 0, seen.length, 5000));
      const items = chunks.flatMap((chunk) => chunk.items);
      for (const item of items) {
        // Each position follows the one before it at whatever moment a reader looks.
        expect(item.pos).toBe(seen.length + 1);
        seen.push((item.value as { messageId: string }).messageId);
      }
      return items.length;
    };
    const further = async (count: number): Promise<void> => {
      for (const until = acknowledged.length + count; acknowledged.length < until;) await follow();
    };
    await further(EACH);
    const killed = once(children[0]!, 'exit');
    children[0]!.kill('SIGKILL');
    await further(EACH);
    over = true;
    await Promise.all([...load, killed]);
    while ((await follow()) > 0);
    expect(children[0]!.signalCode).toBe('SIGKILL');
    const stored = new Set(seen);
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    // Only what was under way at the kill may be stored without an answer.
    expect(seen.length - acknowledged.length).toBeLessThanOrEqual(6 * 90);
  });
});
