import { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axios from 'axios';
import { tieToParent } from '@percorso/engines';
import { poll } from './hub-api';

export interface HubProcess {
  url: string;
  child: ChildProcess;
  stop(): Promise<void>;
}

const MAIN = join(__dirname, '..', '..', '..', 'apps', 'hub', 'dist', 'main.js');

/** Start the hub as its users do, as a process of its own that ends with this one; its log goes to a file. */
export async function startHub(env: NodeJS.ProcessEnv, dataDir: string): Promise<HubProcess> {
  await mkdir(join(dataDir, 'logs'), { recursive: true });
  const port = await freePort(Number(env.PORT ?? 8080));
  const log = createWriteStream(join(dataDir, 'logs', 'hub.log'), { flags: 'a' });
  const child = tieToParent(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, PORT: String(port), PERCORSO_DATA_DIR: dataDir },
  });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  await poll(
    () =>
      axios.get(`${url}/health/ready`, { validateStatus: () => true, proxy: false }).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status === 200 || child.exitCode !== null,
    { what: 'the hub', timeoutMs: 60_000, everyMs: 100 },
  );
  if (child.exitCode !== null)
    throw new HubEnded(`the hub ended at once; its reasons are in ${log.path.toString()}`);
  return {
    url,
    child,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** The hub process did not live to serve. */
export class HubEnded extends Error {
  override readonly name = 'HubEnded';
}

/** `wanted` when nobody listens there, else any free port. */
async function freePort(wanted: number): Promise<number> {
  const { createServer } = await import('node:net');
  const tryPort = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
      });
    });
  return tryPort(wanted).catch(() => tryPort(0));
}
