import Redis from 'ioredis';
import { causeOf, EngineError } from './engine';
import { PROBE_MS, probeFailure, requireVersion, unreachable, wrongProtocol } from './probe-failure';

// What a peer that does not understand us does to the connection.
const HUNG_UP = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'];

export async function probeRedis(url: URL): Promise<void> {
  const client = new Redis(url.href, {
    lazyConnect: true,
    connectTimeout: PROBE_MS,
    commandTimeout: PROBE_MS,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
  let lastError: unknown;
  client.on('error', (error) => (lastError = error));
  try {
    await client.connect();
    const facts = readInfo(`${await client.info('server')}\n${await client.info('memory')}`);
    requireVersion('redis', url, facts.redis_version ?? '0');
    requireNoEviction(url, facts);
  } catch (error) {
    throw translate(url, error instanceof EngineError ? error : (lastError ?? error));
  } finally {
    client.disconnect();
  }
}

// A queue whose keys are evicted under memory pressure loses jobs without a trace.
function requireNoEviction(url: URL, facts: Record<string, string>): void {
  const { maxmemory_policy: policy, maxmemory } = facts;
  if (policy === undefined || policy === 'noeviction' || maxmemory === '0') return;
  throw probeFailure(
    'redis',
    'settings',
    url,
    `evicts keys when its memory is full (maxmemory-policy ${policy}); set it to noeviction`,
  );
}

function readInfo(text: string): Record<string, string> {
  const pairs = text.split('\n').map((line) => line.trim().split(':'));
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair.length === 2));
}

function translate(url: URL, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const text = causeOf(error);
  if (/WRONGPASS|NOAUTH|NOPERM|without any password configured|invalid username-password/.test(text)) {
    return probeFailure('redis', 'authentication', url, 'refuses this user and password');
  }
  const code = (error as { code?: string }).code ?? '';
  if (code !== '' && !HUNG_UP.includes(code)) return unreachable('redis', url, error);
  return /Protocol error|timed out|closed|ECONNRESET|EPIPE|SSL|ERR/i.test(text)
    ? wrongProtocol('redis', url)
    : unreachable('redis', url, error);
}
