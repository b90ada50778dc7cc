import { ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { countEvents } from './append-log.store';

export type SideName = 'percorso' | 'fsync-log';

export interface Side {
  name: SideName;
  port: number;
  writeKey: string;
  workspaceId: string;
  logPath: string;
  /** Acknowledged so far. */
  events: number;
  close(): Promise<void>;
}

export interface ServerOrder {
  name: SideName;
  databaseUrl: string;
  logPath: string;
}

export type ServerReady = Pick<Side, 'port' | 'writeKey' | 'workspaceId'>;

/** A server process that stores in its own way what the same routes take. */
export async function openServer(name: SideName, databaseUrl: string, logPath: string): Promise<Side> {
  const child = fork(join(__dirname, 'ingest-server-process.js'), { stdio: 'inherit' });
  const order: ServerOrder = { name, databaseUrl, logPath };
  child.send(order);
  const [ready] = (await once(child, 'message')) as [ServerReady];
  return { name, logPath, events: 0, ...ready, close: () => close(child) };
}

async function close(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** Events a side has on disk. */
export async function countLogged(side: Side, databaseUrl: string): Promise<number> {
  if (side.name === 'fsync-log') return countEvents(readFileSync(side.logPath));
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ stored: string; head: string }>(
    `SELECT (SELECT sum(count) FROM percorso.ingest_log WHERE workspace_id = $1) AS stored,
       (SELECT sum(head) FROM percorso.ingest_head WHERE workspace_id = $1) AS head`,
    [side.workspaceId],
  );
  await client.end();
  if (rows[0]?.stored !== rows[0]?.head) throw new RangeError('positions are not dense');
  return Number(rows[0]?.stored);
}
