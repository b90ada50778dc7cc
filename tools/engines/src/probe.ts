import { EngineError, type EngineName, ENGINE_TITLES } from './engine';
import { probeClickHouse } from './probe-clickhouse';
import { probePostgres } from './probe-postgres';
import { probeRedis } from './probe-redis';

/** URLs of engines that somebody else runs; what is missing here is embedded. */
export interface EngineUrls {
  databaseUrl?: string;
  clickhouseUrl?: string;
  redisUrl?: string;
}

interface UrlRules {
  variable: string;
  protocols: string[];
  example: string;
  probe: (url: URL) => Promise<void>;
}

const RULES: Record<EngineName, UrlRules> = {
  postgres: {
    variable: 'DATABASE_URL',
    protocols: ['postgres:', 'postgresql:'],
    example: 'postgres://user:password@host:5432/database',
    probe: probePostgres,
  },
  clickhouse: {
    variable: 'CLICKHOUSE_URL',
    protocols: ['http:', 'https:'],
    example: 'http://user:password@host:8123/database',
    probe: probeClickHouse,
  },
  redis: {
    variable: 'REDIS_URL',
    protocols: ['redis:', 'rediss:'],
    example: 'redis://:password@host:6379/0',
    probe: probeRedis,
  },
};

/** Checks every URL given: readable, reachable, right protocol and password, new enough, safely set. */
export async function checkUrls(urls: EngineUrls): Promise<void> {
  const checks: Promise<void>[] = [];
  if (urls.databaseUrl !== undefined) checks.push(checkUrl('postgres', urls.databaseUrl));
  if (urls.clickhouseUrl !== undefined) checks.push(checkUrl('clickhouse', urls.clickhouseUrl));
  if (urls.redisUrl !== undefined) checks.push(checkUrl('redis', urls.redisUrl));
  await Promise.all(checks);
}

/** @throws EngineError saying in one line what is wrong with this URL or the engine behind it. */
export async function checkUrl(engine: EngineName, text: string): Promise<void> {
  await RULES[engine].probe(parseUrl(engine, text));
}

function parseUrl(engine: EngineName, text: string): URL {
  const { variable, protocols, example } = RULES[engine];
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // What is no such URL may hold a password in any place, so it is not repeated.
  if (!url) throw new EngineError(engine, 'url-invalid', `${variable} is not a URL; expected ${example}`);
  if (!protocols.includes(url.protocol) || url.hostname === '') {
    throw new EngineError(
      engine,
      'url-invalid',
      `${variable} is not a ${ENGINE_TITLES[engine]} URL; expected ${example}`,
    );
  }
  return url;
}
