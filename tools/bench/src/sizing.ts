import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HubApi, type IngestStatus, openWorkspace, poll, startHub } from '@percorso/demo';
import { startEngines, startTestShards } from '@percorso/engines';
import { Shards } from '@percorso/storage';
import type { ClickHouseClient } from '@clickhouse/client';
import { newId } from '@percorso/kernel';
import { flatten } from '@percorso/profile';
import { Client } from 'pg';
import type { Bench } from './bench';
import { trackCall } from './ingest-events';
import { shoppers } from './shop';
import { shopAudiences } from './shop-audiences';

const SHARDS = 3;
const EVENTS = 20;
const PROFILES = { quick: 1000, full: 10_000 };
const BATCH = 200;
/** Events written to one server for each customer, to see what they take in large parts. */
const MANY = 200;
const CHUNK = 20_000;
const DAY_MS = 86_400_000;
const WAIT_MS = 900_000;

/** What grows, the tables of each engine that grow with it, and the table whose rows are counted. */
const GROWS: Record<string, { clickhouse?: string; postgres: string[]; counted: string }> = {
  event: { clickhouse: 'event', postgres: ['event'], counted: 'event' },
  accepted: { postgres: ['ingest_log', 'message_seen'], counted: 'event' },
  profile: { clickhouse: 'profile', postgres: ['profile', 'profile_fragment'], counted: 'profile' },
  identity: { clickhouse: 'node_person', postgres: ['identity_node'], counted: 'identity_node' },
  membership: { postgres: ['membership'], counted: 'membership' },
  delta: { postgres: ['membership_delta'], counted: 'membership_delta' },
};

/**
 * Bytes on disk of an event, a profile, a membership: what docs/sizing.md multiplies. By the hub as it is shipped, over
 * three shards, with the calls a web shop sends.
 */
export const bench: Bench = async ({ size, quick }) => {
  const count = size ?? PROFILES[quick ? 'quick' : 'full'];
  const folder = mkdtempSync(join(tmpdir(), 'percorso-bench-'));
  const servers = await startTestShards(SHARDS);
  const [clickhouseUrl = ''] = servers.urls;
  const engines = await startEngines({ dataDir: join(folder, 'data'), clickhouseUrl });
  const shards = Shards.connect(servers.urls);
  const postgres = new Client({ connectionString: engines.databaseUrl });
  await postgres.connect();
  const rootKey = randomBytes(24).toString('base64url');
  const hub = await startHub({
    ...process.env,
    PERCORSO_DATA_DIR: join(folder, 'hub'),
    DATABASE_URL: engines.databaseUrl,
    CLICKHOUSE_SHARDS: servers.urls.join(','),
    REDIS_URL: engines.redisUrl,
    PERCORSO_ROOT_KEY: rootKey,
    LOG_LEVEL: 'warn',
    PORT: '0',
  });
  try {
    const { admin, writeKey } = await openWorkspace(hub.url, rootKey);
    await sendAll(hub.url, writeKey, admin, callsOf(count));
    await evaluateAll(admin);
    const few = await measure(shards, postgres);
    const metrics = { ...few, ...(await measureMany(shards.at(0), count * MANY)) };
    for (const [name, value] of Object.entries(metrics)) console.log(`${name.padEnd(28)}${value}`);
    return { metrics, size: count };
  } finally {
    await hub.end('SIGTERM');
    await Promise.all([shards.close(), postgres.end()]);
    await Promise.all([engines.stop(), servers.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Every customer says who it is after a fourth of its visits, which a device made that nobody knew. */
function* callsOf(count: number): Generator<object> {
  const now = Date.now();
  for (const { userId, email, traits, consent, events } of shoppers(17, count, EVENTS, now)) {
    const anonymousId = randomBytes(16).toString('hex');
    const strangers = Math.floor(events.length / 4);
    for (const [index, { name, at, properties }] of events.entries()) {
      const call = trackCall() as TrackCall;
      const { messageId, ...rest } = call;
      yield {
        ...{ ...rest, messageId, event: name, timestamp: new Date(at).toISOString() },
        ...{ userId: index < strangers ? undefined : userId, anonymousId },
        properties: { ...call.properties, ...properties },
      };
    }
    yield {
      ...{ type: 'identify', messageId: `identify-${userId}`, userId, anonymousId },
      traits: { email, ...traits, ...(consent === undefined ? {} : { consent: { email: consent } }) },
    };
  }
}

async function sendAll(url: string, writeKey: string, admin: HubApi, calls: Iterable<object>): Promise<void> {
  let sent = 0;
  let batch: object[] = [];
  const flush = async (): Promise<void> => {
    const response = await fetch(`${url}/v1/batch`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`,
      },
      body: JSON.stringify({ batch }),
    });
    if (!response.ok) throw new RangeError(`the hub answered ${response.status}: ${await response.text()}`);
    sent += batch.length;
    batch = [];
  };
  for (const call of calls) if (batch.push(call) === BATCH) await flush();
  if (batch.length > 0) await flush();
  await poll(
    () => admin.get<IngestStatus>('/v1/ingest'),
    ({ head, loaded }) => head === sent && loaded === head,
    { what: 'ingest', timeoutMs: WAIT_MS },
  );
}

async function evaluateAll(admin: HubApi): Promise<void> {
  for (const { kind, source } of shopAudiences(10)) {
    const audience = await admin.post<{ id: string }>('/v1/audiences', { name: kind, definition: source });
    const { id } = await admin.post<{ id: string }>(`/v1/audiences/${audience.id}/evaluate`);
    const { state } = await poll(
      () => admin.get<{ state: string }>(`/v1/evaluations/${id}`),
      (evaluation) => evaluation.state === 'done' || evaluation.state === 'failed',
      { what: 'an evaluation', timeoutMs: WAIT_MS },
    );
    if (state !== 'done') throw new RangeError(`the evaluation of ${kind} failed`);
  }
}

async function measure(shards: Shards, postgres: Client): Promise<Record<string, number>> {
  const metrics: Record<string, number> = {};
  for (const [name, { clickhouse, postgres: tables, counted }] of Object.entries(GROWS)) {
    const { rows } = await postgres.query<{ n: string }>(`SELECT count(*) AS n FROM percorso.${counted}`);
    const n = Number(rows[0]?.n);
    metrics[`${name}_rows`] = n;
    metrics[`${name}_postgres_bytes`] = Math.round((await postgresBytes(postgres, tables)) / n);
    if (clickhouse) {
      metrics[`${name}_clickhouse_bytes`] = Math.round((await clickHouseBytes(shards, clickhouse)) / n);
    }
  }
  return metrics;
}

/** Small parts are mostly overhead; these are of one month and one server, merged into one. */
async function measureMany(clickhouse: ClickHouseClient, count: number): Promise<Record<string, number>> {
  const before = await bytesOf(clickhouse, 'event');
  const workspace_id = newId();
  const month = Date.UTC(2026, 0, 1);
  for (let start = 0; start < count; start += CHUNK) {
    const values = Array.from({ length: Math.min(CHUNK, count - start) }, (_, index) => {
      const { event, messageId, properties } = trackCall() as TrackCall;
      const at = new Date(month + randomInt(28 * DAY_MS)).toISOString();
      return {
        ...{
          workspace_id,
          name: event,
          node: randomInt(1, count / EVENTS),
          occurred_at: at,
          received_at: at,
        },
        ...{ type: 'track', pos: start + index + 1, message_id: messageId, source_id: 'web', sent_at: at },
        ...flatten(properties),
        properties: JSON.stringify(properties),
      };
    });
    await clickhouse.insert({ table: 'percorso.event', values, format: 'JSONEachRow' });
  }
  const after = await bytesOf(clickhouse, 'event');
  const answer = await clickhouse.query({
    query: `SELECT column, sum(column_bytes_on_disk) AS bytes FROM system.parts_columns WHERE active
            AND database = 'percorso' AND table = 'event' AND partition = '202601' GROUP BY column ORDER BY bytes DESC`,
    format: 'JSONEachRow',
  });
  for (const { column, bytes } of await answer.json<{ column: string; bytes: string }>())
    console.log(`  of an event, ${column.padEnd(15)}${(Number(bytes) / count).toFixed(1)}`);
  return { many_events: count, many_event_clickhouse_bytes: Math.round((after - before) / count) };
}

interface TrackCall {
  event: string;
  messageId: string;
  properties: Record<string, unknown>;
}

/** Tables and indexes, of all partitions. */
async function postgresBytes(postgres: Client, tables: readonly string[]): Promise<number> {
  for (const table of tables) await postgres.query(`VACUUM FULL percorso.${table}`);
  const { rows } = await postgres.query<{ bytes: string }>(
    `SELECT sum(pg_total_relation_size(c.oid)) AS bytes
     FROM unnest($1::text[]) AS t (name) JOIN pg_class c ON c.oid = ('percorso.' || t.name)::regclass
       OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = ('percorso.' || t.name)::regclass)`,
    [tables],
  );
  return Number(rows[0]?.bytes);
}

async function clickHouseBytes(shards: Shards, table: string): Promise<number> {
  const sizes = await shards.each((client) => bytesOf(client, table));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Merged as far as it goes. */
async function bytesOf(clickhouse: ClickHouseClient, table: string): Promise<number> {
  await clickhouse.command({ query: `OPTIMIZE TABLE percorso.${table} FINAL` });
  const answer = await clickhouse.query({
    query: `SELECT sum(bytes_on_disk) AS bytes FROM system.parts
            WHERE active AND database = 'percorso' AND table = {table: String}`,
    query_params: { table },
    format: 'JSONEachRow',
  });
  return Number((await answer.json<{ bytes: string }>())[0]?.bytes);
}
