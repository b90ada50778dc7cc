import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import axios from 'axios';
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
import type { LoopRow } from './axios-loop';

const PLUGINS = join(__dirname, '..', 'plugins');
const RUN_MS = 300_000;

const MAPPING = `{
  "email": profile.identities.email[0],
  "firstName": profile.traits.firstName,
  "lastName": profile.traits.lastName,
  "phone": profile.traits.phone,
  "city": profile.traits.address.city,
  "tier": profile.traits.plan = "pro" ? "gold" : "silver"
}`;

/** The hub as its users run it, with audiences of several sizes and connectors to one sink. */
export class DeliveryHub {
  private workspaceId = '';
  private admin!: HubApi;
  private mappingId = '';
  private readonly audiences = new Map<number, string>();
  private readonly connectors = new Map<string, { id: string; url: string }>();

  private constructor(
    private readonly hub: HubProcess,
    private readonly rootKey: string,
    private readonly ledger: Client,
    private readonly sinkUrl: string,
  ) {}

  static async start(engines: Engines, dataDir: string, sinkUrl: string): Promise<DeliveryHub> {
    const rootKey = randomBytes(24).toString('base64url');
    const env = {
      ...process.env,
      PERCORSO_DATA_DIR: dataDir,
      DATABASE_URL: engines.databaseUrl,
      CLICKHOUSE_URL: engines.clickhouseUrl,
      REDIS_URL: engines.redisUrl,
      PERCORSO_ROOT_KEY: rootKey,
      PERCORSO_PLUGIN_DIRS: PLUGINS,
      LOG_LEVEL: 'error',
      PORT: '0',
    };
    const hub = await startHub(env);
    const ledger = new Client({ connectionString: engines.databaseUrl });
    await ledger.connect();
    return new DeliveryHub(hub, rootKey, ledger, sinkUrl);
  }

  /** Customers, and an audience of the first so many of them for each size. */
  async fill(sizes: readonly number[]): Promise<void> {
    const { workspaceId, admin, writeKey } = await openWorkspace(this.hub.url, this.rootKey);
    Object.assign(this, { workspaceId, admin });
    const count = Math.max(...sizes);
    const now = new Date();
    const customers = await makeCustomers(7, count, now);
    const calls = customers.map((customer, index) => ({
      type: 'identify' as const,
      messageId: `m-${index}`,
      timestamp: now,
      userId: customer.userId,
      traits: {
        email: `c${index}@shop.example`,
        firstName: customer.firstName,
        lastName: customer.lastName,
        phone: customer.phone,
        address: { city: customer.city },
        plan: index % 3 === 0 ? 'pro' : 'free',
        number: index,
      },
    }));
    await send(this.hub.url, writeKey, calls);
    await poll(
      () => this.admin.get<IngestStatus>('/v1/ingest'),
      ({ head, loaded }) => head >= count && loaded === head,
      { what: 'ingest', timeoutMs: RUN_MS },
    );
    this.mappingId = await this.create('mappings', { name: 'Row', expression: MAPPING, required: ['email'] });
    for (const size of new Set(sizes)) this.audiences.set(size, await this.audience(size));
  }

  /** Connectors whose calls at once are limited to so many; made once for each name. */
  async connect(names: readonly string[], concurrency: number): Promise<void> {
    for (const name of names) {
      if (!this.connectors.has(name)) {
        const url = `${this.sinkUrl}/${name}`;
        const id = await this.create('connectors', { plugin: 'bench-http-sink', name, settings: { url } });
        this.connectors.set(name, { id, url });
      }
      await this.change('PUT', `/v1/connectors/${this.idOf(name)}/delivery`, { concurrency });
    }
  }

  setState(name: string, state: 'active' | 'disabled'): Promise<void> {
    return this.change('PATCH', `/v1/connectors/${this.idOf(name)}`, { state });
  }

  /** A sync that never ran before for each connector, of an audience of that size. */
  syncs(names: readonly string[], size: number): Promise<string[]> {
    const audienceId = this.audiences.get(size);
    return Promise.all(
      names.map((name) =>
        this.create('syncs', {
          name: `${name} ${size}`,
          audienceId,
          mappingId: this.mappingId,
          connectorId: this.idOf(name),
        }),
      ),
    );
  }

  begin(syncs: readonly string[]): Promise<string[]> {
    return Promise.all(
      syncs.map(async (id) => (await this.admin.post<{ run: { id: string } }>(`/v1/syncs/${id}/run`)).run.id),
    );
  }

  /** Resolves when the ledger has settled every row of these runs. */
  async ended(runs: readonly string[]): Promise<void> {
    const text = `SELECT bool_and(state IN ('delivering', 'done')) AND NOT EXISTS (SELECT FROM percorso.effect e
      WHERE e.workspace_id = $1 AND e.run_id = ANY($2::uuid[]) AND e.state IN ('pending', 'sending')) AS ended
      FROM percorso.sync_run WHERE workspace_id = $1 AND id = ANY($2::uuid[])`;
    const ask = async (): Promise<boolean> =>
      (await this.ledger.query<{ ended: boolean }>(text, [this.workspaceId, runs])).rows[0]?.ended ?? false;
    await poll(ask, Boolean, { everyMs: 20, timeoutMs: RUN_MS, what: 'the runs' });
  }

  /** What the ledger says was delivered by these runs. */
  async accepted(runs: readonly string[]): Promise<LoopRow[]> {
    const { rows } = await this.ledger.query<{ connectorId: string; key: string; payload: object }>(
      `SELECT connector_id AS "connectorId", key, payload FROM percorso.effect
       WHERE workspace_id = $1 AND run_id = ANY($2::uuid[]) AND state = 'accepted'`,
      [this.workspaceId, runs],
    );
    const urls = new Map([...this.connectors.values()].map(({ id, url }) => [id, url]));
    return rows.map(({ connectorId, key, payload }) => ({ url: urls.get(connectorId) ?? '', key, payload }));
  }

  async stop(): Promise<void> {
    await this.ledger.end();
    await this.hub.end('SIGTERM');
  }

  private idOf(name: string): string {
    return this.connectors.get(name)!.id;
  }

  private async audience(size: number): Promise<string> {
    const where = { trait: { path: 'number', op: 'lt', value: size } };
    const id = await this.create('audiences', { name: `First ${size}`, definition: { version: 1, where } });
    const evaluation = await this.admin.post<{ id: string }>(`/v1/audiences/${id}/evaluate`);
    await poll(
      () => this.admin.get<{ state: string }>(`/v1/evaluations/${evaluation.id}`),
      ({ state }) => state === 'done',
      { what: 'the evaluation' },
    );
    return id;
  }

  private async create(things: string, body: object): Promise<string> {
    return (await this.admin.post<{ id: string }>(`/v1/${things}`, body)).id;
  }

  private async change(method: 'PUT' | 'PATCH', path: string, data: object): Promise<void> {
    const headers = { authorization: `Bearer ${this.admin.key}`, 'if-match': '*' };
    await axios.request({ baseURL: this.hub.url, method, url: path, data, headers, proxy: false });
  }
}
