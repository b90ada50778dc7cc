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
import type { Item } from '@percorso/plugin-kit';

/** A row as the effect ledger froze it, once it is accepted. */
export interface LedgerRow extends Item {
  connectorId: string;
}

const PLUGINS = join(__dirname, '..', 'plugins');
/** Asked of PostgreSQL, which knows before the hub's own next look. */
const LOOK_MS = 20;
const RUN_MS = 300_000;

/** The hub as its users run it, with a workspace of customers whose audiences syncs bring to connectors. */
export class SyncingHub {
  private workspaceId = '';
  private admin!: HubApi;
  private mappingId = '';

  private constructor(
    private readonly hub: HubProcess,
    private readonly rootKey: string,
    private readonly ledger: Client,
  ) {}

  static async start(engines: Engines, dataDir: string): Promise<SyncingHub> {
    const rootKey = randomBytes(24).toString('base64url');
    const hub = await startHub({
      ...process.env,
      PERCORSO_DATA_DIR: dataDir,
      DATABASE_URL: engines.databaseUrl,
      CLICKHOUSE_URL: engines.clickhouseUrl,
      REDIS_URL: engines.redisUrl,
      PERCORSO_ROOT_KEY: rootKey,
      PERCORSO_PLUGIN_DIRS: PLUGINS,
      LOG_LEVEL: 'error',
      PORT: '0',
    });
    const ledger = new Client({ connectionString: engines.databaseUrl });
    await ledger.connect();
    return new SyncingHub(hub, rootKey, ledger);
  }

  /** So many customers, numbered from 0 in the trait `number`, and the mapping of every sync. */
  async fill(count: number, mapping: string): Promise<void> {
    const { workspaceId, admin, writeKey } = await openWorkspace(this.hub.url, this.rootKey);
    Object.assign(this, { workspaceId, admin });
    const now = new Date();
    const customers = await makeCustomers(7, count, now);
    const calls = customers.map((customer, number) => ({
      type: 'identify' as const,
      messageId: `m-${number}`,
      timestamp: now,
      userId: customer.userId,
      traits: {
        email: `c${number}@shop.example`,
        firstName: customer.firstName.slice(0, 30),
        lastName: customer.lastName.slice(0, 50),
        phone: customer.phone,
        address: { city: customer.city.slice(0, 50) },
        plan: number % 3 === 0 ? 'pro' : 'free',
        number,
      },
    }));
    await send(this.hub.url, writeKey, calls);
    await poll(
      () => admin.get<IngestStatus>('/v1/ingest'),
      ({ head, loaded }) => head >= count && loaded === head,
      { what: 'ingest', timeoutMs: RUN_MS },
    );
    this.mappingId = await this.create('mappings', { name: 'Row', expression: mapping, required: ['email'] });
  }

  /** An audience of the first `size` customers, evaluated; its id. */
  async audience(size: number): Promise<string> {
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

  connector(plugin: string, name: string, settings: object): Promise<string> {
    return this.create('connectors', { plugin, name, settings });
  }

  sync(name: string, audienceId: string, connectorId: string): Promise<string> {
    return this.create('syncs', { name, audienceId, connectorId, mappingId: this.mappingId });
  }

  /** Runs of syncs, asked for at once; their ids. */
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
    await poll(ask, Boolean, { everyMs: LOOK_MS, timeoutMs: RUN_MS, what: 'the runs' });
  }

  /** What the ledger says was delivered by these runs. @throws RangeError unless that is `count` rows and there are no others */
  async accepted(runs: readonly string[], count: number): Promise<LedgerRow[]> {
    const { rows } = await this.ledger.query<LedgerRow & { state: string }>(
      `SELECT connector_id AS "connectorId", key, payload, state FROM percorso.effect
       WHERE workspace_id = $1 AND run_id = ANY($2::uuid[]) ORDER BY id`,
      [this.workspaceId, runs],
    );
    const accepted = rows.filter(({ state }) => state === 'accepted');
    if (accepted.length !== count || rows.length !== count)
      throw new RangeError(`${accepted.length} of ${rows.length} rows were accepted, of ${count} members`);
    return accepted.map(({ state: _state, ...row }) => row);
  }

  /** Changes a thing whatever version it has. */
  async change(method: 'PUT' | 'PATCH', path: string, data: object): Promise<void> {
    const headers = { authorization: `Bearer ${this.admin.key}`, 'if-match': '*' };
    await axios.request({ baseURL: this.hub.url, method, url: path, data, headers, proxy: false });
  }

  async stop(): Promise<void> {
    await this.ledger.end();
    await this.hub.end('SIGTERM');
  }

  private async create(things: string, body: object): Promise<string> {
    return (await this.admin.post<{ id: string }>(`/v1/${things}`, body)).id;
  }
}
