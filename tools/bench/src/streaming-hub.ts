import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import {
  type HubApi,
  type HubProcess,
  type IngestStatus,
  openWorkspace,
  poll,
  send,
  startHub,
} from '@percorso/demo';
import type { Engines } from '@percorso/engines';
import { connectClickHouse } from '@percorso/storage';
import { Client } from 'pg';
import { shoppers } from './shop';
import type { ShopAudience } from './shop-audiences';
import { multiply } from './streaming-copies';

const SEED = 11;
/** Events each customer has beforehand, in the mean. */
const HISTORY = 3;
const LONG_MS = 900_000;

interface Evaluation {
  id: string;
  state: string;
  members: number;
  drift: number | null;
}

/** A customer that events may be sent for. */
export type Target = string;

/** The hub as its users run it, and a workspace of it with customers and audiences. */
export class StreamingHub {
  workspaceId = '';
  writeKey = '';
  private admin!: HubApi;
  private base = 0;
  private copies = 0;
  private readonly audiences: string[] = [];

  private constructor(
    private readonly hub: HubProcess,
    private readonly rootKey: string,
    readonly postgres: Client,
    private readonly clickhouse: ClickHouseClient,
  ) {}

  static async start(engines: Engines, dataDir: string): Promise<StreamingHub> {
    const rootKey = randomBytes(24).toString('base64url');
    const env = {
      ...process.env,
      PERCORSO_DATA_DIR: join(dataDir, 'hub'),
      DATABASE_URL: engines.databaseUrl,
      CLICKHOUSE_URL: engines.clickhouseUrl,
      REDIS_URL: engines.redisUrl,
      PERCORSO_ROOT_KEY: rootKey,
      LOG_LEVEL: 'warn',
      PORT: '0',
    };
    const hub = await startHub(env);
    const postgres = new Client({ connectionString: engines.databaseUrl });
    await postgres.connect();
    return new StreamingHub(hub, rootKey, postgres, connectClickHouse(engines.clickhouseUrl));
  }

  get url(): string {
    return this.hub.url;
  }

  get profiles(): number {
    return this.base * (this.copies + 1);
  }

  /** A new workspace with `base` customers, taken in by the ways the hub offers, who have `audiences`, and then `copies` of each. */
  async fill(base: number, copies: number, audiences: readonly ShopAudience[]): Promise<void> {
    Object.assign(this, await openWorkspace(this.hub.url, this.rootKey), { base, copies });
    this.audiences.length = 0;
    const now = Date.now();
    const calls = [...shoppers(SEED, base, HISTORY, now)].flatMap(
      ({ userId, email, traits, consent, events }) => [
        {
          type: 'identify' as const,
          messageId: userId,
          timestamp: new Date(now),
          userId,
          traits: { email, ...traits, ...(consent === undefined ? {} : { consent: { email: consent } }) },
        },
        ...events.map(({ name, at, properties }, index) => ({
          type: 'track' as const,
          messageId: `${userId}-${index}`,
          timestamp: new Date(at),
          userId,
          event: name,
          properties,
        })),
      ],
    );
    await send(this.hub.url, this.writeKey, calls);
    await this.settled(calls.length);
    for (const [index, { kind, source }] of audiences.entries()) {
      const body = { name: `${kind} ${index}`, definition: source };
      this.audiences.push((await this.admin.post<{ id: string }>('/v1/audiences', body)).id);
    }
    const before = await this.evaluateAll();
    await this.settled(calls.length);
    if (copies === 0) return;
    await multiply(this.postgres, this.clickhouse, this.workspaceId, copies);
    const after = await this.evaluateAll();
    for (const [index, { members, drift }] of after.entries()) {
      const expected = (before[index]?.members ?? 0) * (copies + 1);
      if (drift !== 0 || members !== expected)
        throw new RangeError(`audience ${index} has ${members} members for ${expected}, drift ${drift}`);
    }
  }

  /** A customer's user id: of the busy ones more often, of all copies alike. */
  target(dice: number, copy: number): Target {
    const number = Math.floor(dice * dice * this.base);
    const k = Math.floor(copy * (this.copies + 1));
    return k === 0 ? `u${number}` : `${k}.u${number}`;
  }

  /** Every audience held against its set; the sum of what incremental evaluation had wrong. */
  async drift(): Promise<number> {
    const done = await this.evaluateAll();
    if (done.some(({ drift }) => drift === null))
      throw new RangeError('an audience was not compared with its set');
    return done.reduce((sum, { drift }) => sum + (drift ?? 0), 0);
  }

  /** Wait until everything up to `head` is applied, evaluated and numbered. */
  async visible(head: number, everyMs = 5): Promise<void> {
    await poll(
      async () => {
        const { rows } = await this.postgres.query<{ visible: boolean }>(
          `SELECT min(coalesce(c.pos, 0)) >= $2 AND NOT EXISTS
             (SELECT FROM percorso.membership_delta d WHERE d.workspace_id = $1 AND d.pos IS NULL) AS visible
           FROM percorso.lease l LEFT JOIN percorso.stream_cursor c USING (workspace_id, partition)
           WHERE l.workspace_id = $1 AND l.kind = 'stream'`,
          [this.workspaceId, head],
        );
        return rows[0]?.visible;
      },
      Boolean,
      { what: 'evaluation', timeoutMs: LONG_MS, everyMs },
    );
  }

  async head(): Promise<number> {
    return (await this.admin.get<IngestStatus>('/v1/ingest')).head;
  }

  async stop(): Promise<void> {
    await this.postgres.end();
    await this.clickhouse.close();
    await this.hub.end('SIGTERM');
  }

  private async settled(head: number): Promise<void> {
    await poll(
      () => this.admin.get<IngestStatus>('/v1/ingest'),
      (status) => status.head >= head && status.loaded === status.head,
      { what: 'ingest', timeoutMs: LONG_MS },
    );
    await this.visible(head);
  }

  private async evaluateAll(): Promise<Evaluation[]> {
    const done: Evaluation[] = [];
    for (const audience of this.audiences) {
      const { id } = await this.admin.post<Evaluation>(`/v1/audiences/${audience}/evaluate`);
      const evaluation = await poll(
        () => this.admin.get<Evaluation>(`/v1/evaluations/${id}`),
        ({ state }) => state === 'done' || state === 'failed',
        { what: 'an evaluation', timeoutMs: LONG_MS, everyMs: 20 },
      );
      if (evaluation.state !== 'done')
        throw new RangeError(`an evaluation failed: ${JSON.stringify(evaluation)}`);
      done.push(evaluation);
    }
    return done;
  }
}
