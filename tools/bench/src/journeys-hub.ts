import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import {
  type Call,
  type HubApi,
  type HubProcess,
  type IngestStatus,
  openWorkspace,
  poll,
  send,
  startHub,
} from '@percorso/demo';
import type { Engines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { connectClickHouse } from '@percorso/storage';
import { Client, type QueryResultRow } from 'pg';
import { multiply } from './streaming-copies';

const PLUGINS = join(__dirname, '..', 'plugins');
const LONG_MS = 900_000;
const LOOK_MS = 10;
const ANY = { headers: { 'if-match': '*' } };

/** Of the customers this part is on the plan `pro`. */
export const PRO_EVERY = 3;

/** The hub as its users run it, and a workspace of it with customers, an audience of them all and a connector. */
export class JourneysHub {
  workspaceId = '';
  writeKey = '';
  connectorId = '';
  /** Of everybody. */
  audienceId = '';
  /** Customers u0, u1 … who came by the ways the hub offers. */
  base = 0;
  /** Customers in all. */
  customers = 0;
  private admin!: HubApi;

  private constructor(
    private readonly hub: HubProcess,
    private readonly rootKey: string,
    private readonly postgres: Client,
    private readonly clickhouse: ClickHouseClient,
  ) {}

  static async start(engines: Engines, dataDir: string): Promise<JourneysHub> {
    const rootKey = randomBytes(24).toString('base64url');
    const hub = await startHub({
      ...process.env,
      PERCORSO_DATA_DIR: join(dataDir, 'hub'),
      DATABASE_URL: engines.databaseUrl,
      CLICKHOUSE_URL: engines.clickhouseUrl,
      REDIS_URL: engines.redisUrl,
      PERCORSO_ROOT_KEY: rootKey,
      PERCORSO_PLUGIN_DIRS: PLUGINS,
      LOG_LEVEL: 'warn',
      PORT: '0',
    });
    const postgres = new Client({ connectionString: engines.databaseUrl });
    await postgres.connect();
    await postgres.query('SET search_path = percorso');
    return new JourneysHub(hub, rootKey, postgres, connectClickHouse(engines.clickhouseUrl));
  }

  get url(): string {
    return this.hub.url;
  }

  /** A workspace with so many customers and a connector to the sink. */
  async fill(base: number, sinkUrl: string): Promise<void> {
    Object.assign(this, await openWorkspace(this.hub.url, this.rootKey), { base, customers: base });
    await send(
      this.hub.url,
      this.writeKey,
      Array.from({ length: base }, (_, number) => customer(number)),
    );
    await this.settled();
    const settings = { url: sinkUrl };
    this.connectorId = await this.create('connectors', {
      plugin: 'bench-message-sink',
      name: 'Mail',
      settings,
    });
    const where = { trait: { path: 'number', op: 'gte', value: 0 } };
    this.audienceId = await this.create('audiences', { name: 'All', definition: { version: 1, where } });
    await this.evaluate(base);
  }

  /** Customers beside the first ones, until there are `total`. */
  async multiply(total: number): Promise<void> {
    const copies = Math.max(0, Math.round(total / this.base) - 1);
    if (copies > 0) await multiply(this.postgres, this.clickhouse, this.workspaceId, copies);
    this.customers = this.base * (copies + 1);
    await this.evaluate(this.customers);
  }

  /** Computes the audience of everybody. @throws RangeError when that is not `members` */
  async evaluate(members: number): Promise<void> {
    const { id } = await this.admin.post<{ id: string }>(`/v1/audiences/${this.audienceId}/evaluate`);
    const done = await poll(
      () => this.admin.get<{ state: string; members: number }>(`/v1/evaluations/${id}`),
      ({ state }) => state === 'done' || state === 'failed',
      { what: 'the evaluation', timeoutMs: LONG_MS, everyMs: 20 },
    );
    if (done.members !== members)
      throw new RangeError(`${done.members} of ${members} are members: ${done.state}`);
  }

  /** A journey that nobody has published. */
  draft(name: string, definition: object): Promise<string> {
    return this.create('journeys', { name, definition });
  }

  /** A simulation of a draft, over what happened between two moments. */
  simulate(journeyId: string, from: Date, until: Date): Promise<string> {
    return this.create(`journeys/${journeyId}/simulations`, { from, until });
  }

  /** A journey that is live from now on. */
  async journey(name: string, definition: object): Promise<string> {
    const id = await this.draft(name, definition);
    await this.admin.post(`/v1/journeys/${id}/publish`, {}, ANY);
    return id;
  }

  /** As if nobody had ever been on a journey: what is measured next begins with empty tables. */
  async forget(): Promise<void> {
    await this.postgres.query('TRUNCATE journey_instance, journey_wait, journey_trace, journey_held');
  }

  async end(journeyId: string): Promise<void> {
    await this.admin.post(`/v1/journeys/${journeyId}/drain`, {}, ANY);
  }

  /** What is told of a journey's steps: how often what happened, by step and what. */
  async counts(journeyId: string): Promise<Map<string, number>> {
    const rows = await this.rows<{ of: string; count: number }>(
      `SELECT step || ' ' || what AS of, sum(count)::float8 AS count FROM journey_count
       WHERE workspace_id = $1 AND journey_id = $2 GROUP BY 1`,
      journeyId,
    );
    return new Map(rows.map(({ of, count }) => [of, count]));
  }

  /** What somebody did, by the usual client. */
  async tell(events: readonly { userId: string; event: string }[]): Promise<void> {
    const timestamp = new Date();
    await send(
      this.hub.url,
      this.writeKey,
      events.map((event) => ({
        type: 'track' as const,
        messageId: newId(),
        timestamp,
        ...event,
        properties: {},
      })),
    );
  }

  /** Rows as the owner of the tables sees them; the workspace is the first parameter. */
  async rows<R extends QueryResultRow>(text: string, ...values: unknown[]): Promise<R[]> {
    return (await this.postgres.query<R>(text, [this.workspaceId, ...values])).rows;
  }

  /** Resolves when the statement says `done`. */
  async until(what: string, text: string, ...values: unknown[]): Promise<void> {
    await poll(async () => (await this.rows<{ done: boolean }>(text, ...values))[0]?.done, Boolean, {
      ...{ what, timeoutMs: LONG_MS },
      everyMs: LOOK_MS,
    });
  }

  /** Everything accepted is applied, and in ClickHouse too. */
  async settled(): Promise<void> {
    await poll(
      () => this.admin.get<IngestStatus>('/v1/ingest'),
      ({ head, applied, loaded }) => applied === head && loaded === head,
      { what: 'ingest', timeoutMs: LONG_MS, everyMs: 20 },
    );
    await this.until(
      'evaluation',
      `SELECT min(coalesce(c.pos, 0)) >= (SELECT head FROM ingest_head WHERE workspace_id = $1 AND partition = 0) AS done
       FROM lease l LEFT JOIN stream_cursor c USING (workspace_id, partition) WHERE l.workspace_id = $1 AND l.kind = 'stream'`,
    );
  }

  /** Statistics and visibility as they are on a table that has been there for long. */
  async rest(...tables: string[]): Promise<void> {
    for (const table of tables) await this.postgres.query(`VACUUM ANALYZE ${table}`);
    await this.postgres.query('CHECKPOINT');
  }

  async stop(): Promise<void> {
    await this.postgres.end();
    await this.clickhouse.close();
    await this.hub.end('SIGTERM');
  }

  private async create(things: string, body: object): Promise<string> {
    return (await this.admin.post<{ id: string }>(`/v1/${things}`, body)).id;
  }
}

const customer = (number: number): Call => ({
  type: 'identify',
  messageId: newId(),
  timestamp: new Date(),
  userId: `u${number}`,
  traits: { email: `c${number}@shop.example`, plan: isPro(number) ? 'pro' : 'free', number },
  context: { consent: { categoryPreferences: { email: true } } },
});

export const isPro = (number: number): boolean => number % PRO_EVERY === 0;
