import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Engines, startEngines } from '@percorso/engines';
import {
  type CampaignClassicTwin,
  type KeyedTwin,
  type SmtpSink,
  startCampaignClassicTwin,
  startKeyedTwin,
  startSmtpSink,
  startTwilioTwin,
  type TwilioTwin,
} from '@percorso/plugin-testkit';
import { KeptHub } from './kept-hub';

const PLUGINS = join(__dirname, '..', 'plugins');
const WORKERS = 2;

export interface Twins {
  campaign: CampaignClassicTwin;
  keyed: KeyedTwin;
  sms: TwilioTwin;
  mail: SmtpSink;
}

/** What opens the twins' doors. */
export interface Logins {
  campaign: { login: string; password: string };
  keyed: { apiKey: string };
  sms: { accountSid: string; authToken: string };
}

/** Everything of a run, each a process of its own: engines, receiving sides, and hubs that are started again when they die. */
export interface Stage {
  folder: string;
  engines: Engines;
  twins: Twins;
  /** What the twins write down before they answer, a file each. */
  journals: string[];
  logins: Logins;
  /** Takes events and requests in. */
  api: KeptHub;
  workers: KeptHub[];
  url: string;
  rootKey: string;
}

/** @param closing is given what ends each part, last first */
export async function openStage(
  folder: string,
  closing: (() => Promise<unknown>)[],
  say: (line: string) => void,
): Promise<Stage> {
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  const supervisor = createWriteStream(join(logs, 'engines.log'), { flags: 'a' });
  const engines = await startEngines({
    dataDir: join(folder, 'data'),
    log: (line) => void supervisor.write(`${new Date().toISOString()} ${line}\n`),
  });
  closing.push(() => engines.stop());
  const logins: Logins = {
    campaign: { login: 'percorso', password: randomBytes(12).toString('hex') },
    keyed: { apiKey: randomBytes(12).toString('hex') },
    sms: { accountSid: `AC${randomBytes(16).toString('hex')}`, authToken: randomBytes(12).toString('hex') },
  };
  const twins = await openTwins(folder, logins, closing);
  const rootKey = randomBytes(24).toString('base64url');
  const port = await freePort();
  const hub = (name: string, roles: string, own: NodeJS.ProcessEnv): KeptHub => {
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DATABASE_URL: engines.databaseUrl,
      CLICKHOUSE_URL: engines.clickhouseUrl,
      REDIS_URL: engines.redisUrl,
      PERCORSO_DATA_DIR: join(folder, 'data'),
      PERCORSO_ROOT_KEY: rootKey,
      PERCORSO_PLUGIN_DIRS: PLUGINS,
      PERCORSO_ROLES: roles,
      LOG_LEVEL: 'warn',
      ...own,
    };
    return new KeptHub(name, env, join(logs, `${name}.log`));
  };
  const api = hub('api', 'api,ingest', { PORT: String(port) });
  const workers = Array.from({ length: WORKERS }, (_, index) =>
    hub(`worker-${index + 1}`, 'worker', { PORT: '0' }),
  );
  closing.push(() => Promise.all([api, ...workers].map((one) => one.stop())));
  say(`engines and receiving sides run; logs are in ${logs}`);
  const journals = Object.keys(twins).map((name) => journalOf(folder, name));
  return { folder, engines, twins, journals, logins, api, workers, url: `http://127.0.0.1:${port}`, rootKey };
}

const journalOf = (folder: string, name: string): string => join(folder, `${name}.ndjson`);

async function openTwins(
  folder: string,
  logins: Logins,
  closing: (() => Promise<unknown>)[],
): Promise<Twins> {
  const keep = <T extends { stop(): Promise<void> }>(twin: T): T => {
    closing.push(() => twin.stop());
    return twin;
  };
  const [campaign, keyed, sms, mail] = await Promise.all([
    startCampaignClassicTwin({ journal: journalOf(folder, 'campaign'), ...logins.campaign }).then(keep),
    startKeyedTwin({ journal: journalOf(folder, 'keyed'), ...logins.keyed }).then(keep),
    startTwilioTwin({ journal: journalOf(folder, 'sms'), ...logins.sms }).then(keep),
    startSmtpSink({ journal: journalOf(folder, 'mail') }).then(keep),
  ]);
  return { campaign, keyed, sms, mail };
}

/** One that stays the hub's over its restarts. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
