import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import {
  type CampaignClassicTwin,
  type SmtpSink,
  startCampaignClassicTwin,
  startSmtpSink,
} from '@percorso/plugin-testkit';
import { HubApi, poll } from './hub-api';
import { startHub } from './hub-process';

/** Where the story plays: a hub, what it stands on, and the receiving sides. */
export interface Stage {
  hubUrl: string;
  rootKey: string;
  databaseUrl: string;
  twin: CampaignClassicTwin;
  twinLogin: { login: string; password: string };
  sink: SmtpSink;
}

/** What was opened, closed in the opposite order. */
export class Closing {
  private readonly steps: (() => Promise<unknown>)[] = [];

  add(step: () => Promise<unknown>): void {
    this.steps.push(step);
  }

  async all(): Promise<void> {
    for (let step = this.steps.pop(); step; step = this.steps.pop()) await step();
  }
}

/** @throws EngineError, HubEnded, each with one line for a person; `closing` ends what was started until then. */
export async function openStage(
  dataDir: string,
  env: NodeJS.ProcessEnv,
  closing: Closing,
  say: (line: string) => void,
): Promise<Stage> {
  const engines = await startEngines({
    dataDir,
    databaseUrl: env.DATABASE_URL,
    clickhouseUrl: env.CLICKHOUSE_URL,
    redisUrl: env.REDIS_URL,
    log: say,
  });
  closing.add(() => engines.stop());
  const { twin, twinLogin, sink } = await openReceivers(dataDir);
  closing.add(() => Promise.all([twin.stop(), sink.stop()]));
  const rootKey = randomBytes(24).toString('base64url');
  await mkdir(join(dataDir, 'logs'), { recursive: true });
  const log = createWriteStream(join(dataDir, 'logs', 'hub.log'), { flags: 'a' });
  const hub = await startHub(
    {
      ...env,
      DATABASE_URL: engines.databaseUrl,
      CLICKHOUSE_URL: engines.clickhouseUrl,
      REDIS_URL: engines.redisUrl,
      PERCORSO_ROOT_KEY: rootKey,
      PERCORSO_DATA_DIR: dataDir,
      PORT: await choosePort(env.PORT || '8080'),
    },
    (chunk) => log.write(chunk),
  );
  closing.add(() => hub.end('SIGTERM'));
  const health = new HubApi(hub.url, rootKey);
  await poll(
    () => health.get<object>('/health/ready').then(Boolean, () => false),
    (ready) => ready,
    { what: 'The hub', timeoutMs: 60_000, everyMs: 100 },
  );
  say(`hub ready at ${hub.url}`);
  return { hubUrl: hub.url, rootKey, databaseUrl: engines.databaseUrl, twin, twinLogin, sink };
}

async function openReceivers(dataDir: string): Promise<Pick<Stage, 'twin' | 'twinLogin' | 'sink'>> {
  const journals = join(dataDir, 'demo', newId());
  await mkdir(journals, { recursive: true });
  const twinLogin = { login: 'percorso', password: randomBytes(12).toString('hex') };
  const [twin, sink] = await Promise.all([
    startCampaignClassicTwin({ journal: join(journals, 'campaign.ndjson'), ...twinLogin }),
    startSmtpSink({ journal: join(journals, 'mail.ndjson') }),
  ]);
  return { twin, twinLogin, sink };
}

/** `wanted`, or any free port when somebody listens there; what is no port is left for the hub to refuse. */
async function choosePort(wanted: string): Promise<string> {
  if (!/^\d{1,5}$/.test(wanted)) return wanted;
  const taken = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    server.listen(Number(wanted), '127.0.0.1', () => server.close(() => resolve(false)));
  });
  return taken ? '0' : wanted;
}
