import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { startEngines } from './engines';

export interface TestEngines {
  /** A database of this caller's own, empty. */
  databaseUrl: string;
  /** Shared by every test file: keep apart by workspace. */
  clickhouseUrl: string;
  /** Shared by every test file: keep apart by prefix, never flush it. */
  redisUrl: string;
  stop(): Promise<void>;
}

interface SharedUrls {
  databaseUrl: string;
  clickhouseUrl: string;
  redisUrl: string;
}

const SHARED = 'PERCORSO_TEST_ENGINES';

/** For jest's globalSetup: engines for the whole run, told to the workers by an environment variable. */
export async function shareTestEngines(): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'percorso-test-'));
  const { databaseUrl, clickhouseUrl, redisUrl, stop } = await startEngines({ dataDir });
  process.env[SHARED] = JSON.stringify({ databaseUrl, clickhouseUrl, redisUrl } satisfies SharedUrls);
  return async () => {
    await stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}

/** Real engines for one test file: the run's shared ones with a database of its own, else ones started just for it. */
export async function startTestEngines(): Promise<TestEngines> {
  const shared = process.env[SHARED];
  const stopOwn = shared ? undefined : await shareTestEngines();
  const urls = JSON.parse(process.env[SHARED] ?? '') as SharedUrls;
  if (stopOwn) delete process.env[SHARED];
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(urls.databaseUrl, `CREATE DATABASE ${name}`);
  const own = new URL(urls.databaseUrl);
  own.pathname = `/${name}`;
  return {
    ...urls,
    databaseUrl: own.href,
    stop: async () => {
      await administer(urls.databaseUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await stopOwn?.();
    },
  };
}

async function administer(databaseUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
