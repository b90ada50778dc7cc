import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios, { AxiosInstance, AxiosRequestConfig } from 'axios';
import { newId } from '@percorso/kernel';
import { HubEnded, type HubProcess, startHub as startProcess } from '@percorso/demo';
import { type Engines, startTestEngines, type TestEngines } from '@percorso/engines';
import type { HubClock } from './hub-clock';

export interface HubSettings {
  /** Kept when given; else a folder of its own that `stop` removes. */
  dataDir?: string;
  env?: NodeJS.ProcessEnv;
  roles?: string[];
  /** What the hub is to work on; by default the engines shared by this test file. */
  engines?: Pick<Engines, 'databaseUrl' | 'clickhouseUrl' | 'redisUrl'>;
  /** What it takes for business time. @default the machine's clock */
  clock?: HubClock;
}

export interface HubHandle {
  readonly url: string;
  readonly rootKey: string;
  readonly pid: number;
  /** Everything the hub has written so far, over its restarts. */
  output(): string;
  /** Nobody reads what it writes from here on, as when the shell that started it is gone. */
  deafen(): void;
  /** Sends the signal and resolves with the exit code once the process is gone; null when the signal ended it. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
  /** SIGTERM, and the data folder goes with it. */
  stop(): Promise<void>;
  running(): boolean;
  /** Starts it again after `kill`, or stops and starts it; unless `env` says so the port may change, `url` follows. */
  restart(env?: NodeJS.ProcessEnv): Promise<void>;
}

let shared: Promise<TestEngines> | undefined;

/** One set of engines and one database for the test file; `releaseEngines` in `afterAll` ends them. */
export const sharedEngines = (): Promise<TestEngines> => (shared ??= startTestEngines());

export async function releaseEngines(): Promise<void> {
  const engines = await shared;
  shared = undefined;
  await engines?.stop();
}

/** What a hub process said before it ended without ever being ready. */
export { HubEnded as HubEndedEarly };

/** The hub as its users run it: a process of its own, ready to serve. */
export async function startHub(settings: HubSettings = {}): Promise<HubHandle> {
  const engines = settings.engines ?? (await sharedEngines());
  const dataDir = settings.dataDir ?? mkdtempSync(join(tmpdir(), 'percorso hub-'));
  const rootKey = settings.env?.PERCORSO_ROOT_KEY ?? `root-${newId()}`;
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATABASE_URL: engines.databaseUrl,
    CLICKHOUSE_URL: engines.clickhouseUrl,
    REDIS_URL: engines.redisUrl,
    PORT: '0',
    PERCORSO_DATA_DIR: dataDir,
    PERCORSO_ROOT_KEY: rootKey,
    ...(settings.roles ? { PERCORSO_ROLES: settings.roles.join(',') } : {}),
    ...settings.clock?.env,
    ...settings.env,
  };
  let said = '';
  const begin = (over?: NodeJS.ProcessEnv): Promise<HubProcess> =>
    startProcess({ ...env, ...over }, (chunk) => (said += chunk.toString()), settings.clock?.main);
  const removeOwnFolder = (): void => {
    if (settings.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  };
  let hub = await begin().catch((error: unknown) => {
    removeOwnFolder();
    throw error;
  });
  return {
    get url() {
      return hub.url;
    },
    get pid() {
      return hub.child.pid ?? 0;
    },
    rootKey,
    output: () => said,
    running: () => hub.child.exitCode === null && hub.child.signalCode === null,
    kill: (signal) => hub.end(signal),
    deafen: () => {
      hub.child.stdout?.destroy();
      hub.child.stderr?.destroy();
    },
    stop: async () => {
      await hub.end('SIGTERM');
      removeOwnFolder();
    },
    restart: async (over) => {
      await hub.end('SIGTERM');
      hub = await begin(over);
    },
  };
}

/** A request the hub refused, with its problem. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: number,
    readonly problem: { code?: string; detail?: string; errors?: { pointer: string; message: string }[] },
    request: string,
  ) {
    super(`${request} was refused with ${status}: ${JSON.stringify(problem)}`);
  }
}

export interface Admin {
  get<T>(path: string, config?: AxiosRequestConfig): Promise<T>;
  post<T>(path: string, body?: object, config?: AxiosRequestConfig): Promise<T>;
  patch<T>(path: string, version: number, body: object): Promise<T>;
  remove(path: string, version?: number): Promise<void>;
  /** For answers that are to be looked at whole: no status throws. */
  readonly http: AxiosInstance;
}

/** The REST API with one key; refusals throw `Refused`. */
export function admin(url: string, key: string): Admin {
  const http = axios.create({
    baseURL: url,
    headers: { authorization: `Bearer ${key}` },
    proxy: false,
    timeout: 60_000,
    validateStatus: () => true,
  });
  const send = async <T>(config: AxiosRequestConfig): Promise<T> => {
    const { status, data } = await http.request<T>(config);
    if (status < 300) return data;
    throw new Refused(status, data as Refused['problem'], `${config.method} ${config.url}`);
  };
  const matching = (version: number): AxiosRequestConfig => ({ headers: { 'if-match': `"${version}"` } });
  return {
    http,
    get: (path, config) => send({ ...config, method: 'GET', url: path }),
    post: (path, body = {}, config) => send({ ...config, method: 'POST', url: path, data: body }),
    patch: (path, version, body) => send({ ...matching(version), method: 'PATCH', url: path, data: body }),
    remove: async (path, version) => {
      await send({ ...(version === undefined ? {} : matching(version)), method: 'DELETE', url: path });
    },
  };
}

export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** The first answer of `ask` that is neither undefined, null nor false. What `ask` throws ends the wait. */
export async function waitFor<T>(
  ask: () => Promise<T | undefined | null | false>,
  { timeoutMs = 120_000, everyMs = 50, what = 'it to happen' } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (Date.now() > deadline) throw new TimedOut(`Waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
