import { join } from 'node:path';
import { startClickHouse } from './clickhouse';
import { type Engine, ENGINE_TITLES, EngineError, type EngineName, type EngineOptions } from './engine';
import { startPostgres } from './postgres';
import { checkUrl, type EngineUrls } from './probe';
import { startRedis } from './redis';
import { superviseEngine, type SupervisedEngine } from './supervisor';

export interface EnginesOptions extends EngineUrls {
  /** Folder of embedded data; default `.percorso` in the repository. */
  dataDir?: string;
  log?: (line: string) => void;
  /** Engines whose URL need not answer yet; any other mistake in it still fails. */
  mayBeDown?: readonly EngineName[];
}

export interface Engines {
  readonly databaseUrl: string;
  readonly clickhouseUrl: string;
  readonly redisUrl: string;
  /** True for what was started here, false for what a URL named. */
  readonly embedded: Record<EngineName, boolean>;
  /** The running process of an embedded engine; undefined for one that a URL named. */
  engine(name: EngineName): Engine | undefined;
  /** Stops and starts an embedded engine; its URL stays the same. */
  restart(name: EngineName): Promise<void>;
  /** Stops what was started here. */
  stop(): Promise<void>;
}

const STARTERS: Record<EngineName, (options: EngineOptions) => Promise<Engine>> = {
  postgres: startPostgres,
  clickhouse: startClickHouse,
  redis: startRedis,
};

const ENGINES: readonly EngineName[] = ['postgres', 'clickhouse', 'redis'];

/** The repository's `.percorso` folder. */
export const DEFAULT_DATA_DIR = join(__dirname, '..', '..', '..', '.percorso');

/**
 * Checks the engines whose URL is given and starts the others. An embedded engine that dies by itself is started again
 * under the same URL; all of them end with this process, however it ends.
 * @throws EngineError with one line for a person.
 */
export async function startEngines(options: EnginesOptions = {}): Promise<Engines> {
  const given = {
    postgres: options.databaseUrl || undefined,
    clickhouse: options.clickhouseUrl || undefined,
    redis: options.redisUrl || undefined,
  };
  await Promise.all(ENGINES.map((name) => check(name, given[name], options.mayBeDown ?? [])));
  const running = await startMissing(given, options);
  const urlOf = (name: EngineName): string => given[name] ?? running.get(name)?.url ?? '';
  return {
    databaseUrl: urlOf('postgres'),
    clickhouseUrl: urlOf('clickhouse'),
    redisUrl: urlOf('redis'),
    embedded: {
      postgres: running.has('postgres'),
      clickhouse: running.has('clickhouse'),
      redis: running.has('redis'),
    },
    engine: (name) => running.get(name)?.current(),
    restart: async (name) => running.get(name)?.restart(),
    stop: () => stopAll(running),
  };
}

async function check(
  name: EngineName,
  url: string | undefined,
  mayBeDown: readonly EngineName[],
): Promise<void> {
  if (url === undefined) return;
  try {
    await checkUrl(name, url);
  } catch (error) {
    const down = error instanceof EngineError && error.code === 'unreachable';
    if (!down || !mayBeDown.includes(name)) throw error;
  }
}

async function startMissing(
  given: Record<EngineName, string | undefined>,
  options: EnginesOptions,
): Promise<Map<EngineName, SupervisedEngine>> {
  const log = options.log ?? (() => undefined);
  const settings = { dataDir: options.dataDir ?? DEFAULT_DATA_DIR, log };
  const running = new Map<EngineName, SupervisedEngine>();
  const names = (Object.keys(STARTERS) as EngineName[]).filter((name) => given[name] === undefined);
  const outcomes = await Promise.allSettled(
    names.map(async (name) => {
      const started = performance.now();
      running.set(name, await superviseEngine(name, () => STARTERS[name](settings), log));
      log(`${ENGINE_TITLES[name]} ready in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await stopAll(running);
    throw failed.reason;
  }
  return running;
}

async function stopAll(running: Map<EngineName, SupervisedEngine>): Promise<void> {
  await Promise.all([...running.values()].map((engine) => engine.stop()));
}
