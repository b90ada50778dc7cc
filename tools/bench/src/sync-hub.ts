import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import {
  type HubApi,
  type HubProcess,
  type IngestStatus,
  makeCustomers,
  openWorkspace,
  poll,
  send,
  startHub,
} from '@percorso/demo';
import type { Engines } from '@percorso/engines';
import type { Item } from '@percorso/plugin-kit';

/** A row as the effect ledger froze and settled it. */
export interface LedgerRow extends Item {
  state: string;
}

export interface HubRun {
  /** From the request for the run until its last row is settled in the ledger. */
  seconds: number;
  /** Accepted rows. */
  rows: LedgerRow[];
}

const PLUGINS = join(__dirname, '..', 'plugins');
const PLUGIN = 'adobe-campaign-classic-unpaced';
const LOOK_MS = 20;
const RUN_MS = 300_000;

const MAPPING = `{
  "email": profile.identities.email[0],
  "firstName": profile.traits.firstName,
  "lastName": profile.traits.lastName,
  "mobilePhone": profile.traits.phone,
  "location": { "city": profile.traits.address.city },
  "cusLoyaltyTier": profile.traits.plan = "pro" ? "gold" : "silver"
}`;

/** The hub as its users run it, with one audience to bring to Campaign again and again. */
export class SyncHub {
  private workspaceId = '';
  private admin!: HubApi;
  private writeKey = '';
  private sync = { audienceId: '', connectorId: '', mappingId: '' };

  private constructor(
    private readonly hub: HubProcess,
    private readonly rootKey: string,
    private readonly ledger: Client,
    private readonly campaign: Record<string, unknown>,
  ) {}

  static async start(engines: Engines, dataDir: string, campaign: Record<string, unknown>): Promise<SyncHub> {
    const rootKey = randomBytes(24).toString('base64url');
    const env = {
      ...process.env,
      PERCORSO_DATA_DIR: dataDir,
      DATABASE_URL: engines.databaseUrl,
      CLICKHOUSE_URL: engines.clickhouseUrl,
      REDIS_URL: engines.redisUrl,
      PERCORSO_ROOT_KEY: rootKey,
      PERCORSO_PLUGIN_DIRS: PLUGINS,
      LOG_LEVEL: 'warn',
      PORT: '0',
    };
    const hub = await startHub(env);
    const ledger = new Client({ connectionString: engines.databaseUrl });
    await ledger.connect();
    return new SyncHub(hub, rootKey, ledger, campaign);
  }

  /** Makes `members` customers into profiles and an audience of them all, by the ways the hub offers. */
  async fill(members: number): Promise<void> {
    Object.assign(this, await openWorkspace(this.hub.url, this.rootKey));
    const now = new Date();
    const customers = await makeCustomers(7, members, now);
    const calls = customers.map((customer, index) => ({
      type: 'identify' as const,
      messageId: `m-${index}`,
      timestamp: now,
      userId: customer.userId,
      traits: {
        email: `c${index}@shop.example`,
        firstName: customer.firstName.slice(0, 30),
        lastName: customer.lastName.slice(0, 50),
        phone: customer.phone,
        address: { city: customer.city.slice(0, 50) },
        plan: index % 3 === 0 ? 'pro' : 'free',
      },
    }));
    await send(this.hub.url, this.writeKey, calls);
    await poll(
      () => this.admin.get<IngestStatus>('/v1/ingest'),
      ({ head, loaded }) => head >= members && loaded === head,
      { what: 'ingest', timeoutMs: RUN_MS },
    );
    this.sync = {
      audienceId: await this.everyone(),
      connectorId: await this.create('connectors', {
        plugin: PLUGIN,
        name: 'Campaign',
        settings: this.campaign,
      }),
      mappingId: await this.create('mappings', {
        name: 'Recipient',
        expression: MAPPING,
        required: ['email'],
      }),
    };
  }

  /** The whole audience through a sync that never ran before, so that every member is planned and delivered. */
  async run(): Promise<HubRun> {
    const syncId = await this.create('syncs', { name: 'Everyone', ...this.sync });
    const started = performance.now();
    const { run } = await this.admin.post<{ run: { id: string } }>(`/v1/syncs/${syncId}/run`);
    await poll(() => this.settled(run.id), Boolean, { everyMs: LOOK_MS, timeoutMs: RUN_MS, what: 'the run' });
    const seconds = (performance.now() - started) / 1000;
    const { rows } = await this.ledger.query<LedgerRow>(
      `SELECT key, payload, state FROM percorso.effect WHERE workspace_id = $1 AND run_id = $2 ORDER BY id`,
      [this.workspaceId, run.id],
    );
    const accepted = rows.filter(({ state }) => state === 'accepted');
    if (accepted.length < rows.length)
      throw new RangeError(`${rows.length - accepted.length} of ${rows.length} rows were not accepted`);
    return { seconds, rows: accepted };
  }

  async stop(): Promise<void> {
    await this.ledger.end();
    await this.hub.end('SIGTERM');
  }

  /** Asked of PostgreSQL, which knows before the hub's own next look. */
  private async settled(runId: string): Promise<boolean> {
    const { rows } = await this.ledger.query<{ settled: boolean }>(
      `SELECT state IN ('delivering', 'done') AND NOT EXISTS (SELECT FROM percorso.effect e
         WHERE e.workspace_id = r.workspace_id AND e.run_id = r.id AND e.state IN ('pending', 'sending')) AS settled
       FROM percorso.sync_run r WHERE workspace_id = $1 AND id = $2`,
      [this.workspaceId, runId],
    );
    return rows[0]?.settled ?? false;
  }

  private async everyone(): Promise<string> {
    const where = { trait: { path: 'email', op: 'exists', value: true } };
    const audienceId = await this.create('audiences', {
      name: 'Everyone',
      definition: { version: 1, where },
    });
    const evaluation = await this.admin.post<{ id: string }>(`/v1/audiences/${audienceId}/evaluate`);
    await poll(
      () => this.admin.get<{ state: string }>(`/v1/evaluations/${evaluation.id}`),
      ({ state }) => state === 'done',
      { what: 'the evaluation' },
    );
    return audienceId;
  }

  private async create(things: string, body: object): Promise<string> {
    return (await this.admin.post<{ id: string }>(`/v1/${things}`, body)).id;
  }
}
