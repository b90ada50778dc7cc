import { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios, { AxiosInstance, AxiosRequestConfig } from 'axios';
import { newId } from '@percorso/kernel';
import { startTestEngines, TestEngines, tieToParent } from '@percorso/engines';

const MAIN = join(__dirname, '..', '..', 'apps', 'hub', 'dist', 'main.js');
const START_MS = 60_000;

export interface HubSettings {
  /** Kept when given; else a folder of its own that `stop` removes. */
  dataDir?: string;
  env?: NodeJS.ProcessEnv;
  roles?: string[];
  /** What the hub is to work on; by default the engines shared by this test file. */
  engines?: Pick<TestEngines, 'databaseUrl' | 'clickhouseUrl' | 'redisUrl'>;
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
  /** Starts it again after `kill`, or stops and starts it; the port may change, `url` follows. */
  restart(): Promise<void>;
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
export class HubEndedEarly extends Error {
  override readonly name = 'HubEndedEarly';

  constructor(
    readonly code: number | null,
    readonly said: string,
  ) {
    super(`The hub ended with ${code} before it was ready: ${said.slice(-2000)}`);
  }
}

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
    ...settings.env,
  };
  const run = { said: '', url: '', child: undefined as ChildProcess | undefined };

  const begin = async (): Promise<void> => {
    const from = run.said.length;
    const child = tieToParent(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    run.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (run.said += chunk.toString()));
    }
    run.url = await waitFor(
      async () => {
        if (child.exitCode !== null) throw new HubEndedEarly(child.exitCode, run.said.slice(from));
        return /listens on (http:\S+)/.exec(run.said.slice(from))?.[1];
      },
      { timeoutMs: START_MS, what: 'the hub to listen' },
    );
  };

  const kill = async (signal: NodeJS.Signals): Promise<number | null> => {
    const { child } = run;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
    return child.exitCode;
  };

  const removeOwnFolder = (): void => {
    if (settings.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  };

  await begin().catch((error: unknown) => {
    removeOwnFolder();
    throw error;
  });
  return {
    get url() {
      return run.url;
    },
    get pid() {
      return run.child?.pid ?? 0;
    },
    rootKey,
    output: () => run.said,
    deafen: () => {
      run.child?.stdout?.destroy();
      run.child?.stderr?.destroy();
    },
    kill,
    stop: async () => {
      await kill('SIGTERM');
      removeOwnFolder();
    },
    restart: async () => {
      await kill('SIGTERM');
      await begin();
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
  { timeoutMs = 30_000, everyMs = 50, what = 'it to happen' } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (Date.now() > deadline) throw new TimedOut(`Waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
