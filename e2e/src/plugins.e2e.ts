import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios from 'axios';
import { admin, type HubHandle, releaseEngines, startHub, waitFor } from './harness';
import { packPlugin, uploadPlugin } from './plugin-package';

const CUSTOMERS = 120;
const EGRESS = [{ setting: 'url' }];
const FROZEN = join(__dirname, '../../libs/connector/fixtures/frozen/1.1/percorso-plugin-frozen.tgz');

interface Batch {
  by?: string;
  emails?: string[];
  /** As the frozen plugin of the contract before writes them. */
  items?: { payload: { email: string } }[];
}

/** A system that takes batches of ten, and answers once it is allowed to have so many rows. */
class System {
  private readonly server: Server;
  private readonly held: (() => void)[] = [];
  private limit = 0;
  readonly rows: { email: string; by: string }[] = [];
  url = '';

  constructor() {
    this.server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { by, emails, items } = JSON.parse(body) as Batch;
        const rows = emails ?? items?.map(({ payload }) => payload.email) ?? [];
        this.rows.push(...rows.map((email) => ({ email, by: by ?? 'the older contract' })));
        this.held.push(() => response.end('{"refused": []}'));
        this.answer();
      });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
    return this;
  }

  /** Answers while fewer than `limit` rows arrived; what came beyond is held. */
  allow(limit: number): void {
    this.limit = limit;
    this.answer();
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer(): void {
    while (this.rows.length < this.limit || this.limit === Infinity) {
      const next = this.held.shift();
      if (!next) return;
      next();
    }
  }
}

describe('an admin who changes a plugin while a sync runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso plugins-'));
  let hub: HubHandle;
  let system: System;
  let key: string;
  let audienceId: string;

  beforeAll(async () => {
    system = await new System().start();
    hub = await startHub({ env: { PERCORSO_ADVISORY_PLUGINS: 'allowed' } });
    const settings = { allowPrivateNetwork: true, unknownConsent: 'allow' };
    const root = admin(hub.url, hub.rootKey);
    key = (await root.post<{ adminKey: string }>('/v1/workspaces', { name: 'Shop', settings })).adminKey;
    audienceId = await makeAudience();
  });
  afterAll(async () => {
    await hub?.stop();
    system?.stop();
    await releaseEngines();
    rmSync(folder, { recursive: true, force: true });
  });

  const api = () => admin(hub.url, key);
  const plugin = () =>
    api().get<{ state: string; versions: { version: string; live: boolean }[] }>('/v1/plugins/rows');

  async function upload(version: string): Promise<void> {
    const bytes = await packPlugin(folder, {
      name: 'percorso-plugin-rows',
      version,
      percorso: {
        ...{ id: 'rows', name: 'Rows', kind: 'campaign', api: '^1.2', settingsVersion: 1, egress: EGRESS },
        capabilities: ['upsert'],
      },
      code: `const { Setting, capability, definePlugin, accepted } = require('@percorso/plugin-kit');
       class Settings {}
       Setting()(Settings.prototype, 'url');
       const post = async (items, { http, settings }) => {
         await http.post(settings.url, { by: '${version}', emails: items.map(({ payload }) => payload.email) });
         return items.map(() => accepted());
       };
       exports.default = definePlugin({ settings: Settings, check: async () => undefined,
         upsert: capability(post, { idempotency: 'upsert', batch: 10, perSecond: 10000 }) });`,
    });
    await uploadPlugin(api().http, bytes);
  }

  it('finds every row delivered once, by whichever version was live', async () => {
    await upload('1.0.0');
    await api().post('/v1/plugins/rows/versions/1.0.0/approve', { egress: EGRESS });
    const run = await startSync('rows', { url: system.url });
    system.allow(20);
    await waitFor(async () => system.rows.length >= 20, { what: 'the first rows' });

    await upload('1.1.0');
    expect((await plugin()).versions).toMatchObject([{ version: '1.1.0', live: true }, { live: false }]);
    system.allow(50);
    await waitFor(async () => system.rows.some(({ by }) => by === '1.1.0'), {
      what: 'rows by the new version',
    });

    await api().post('/v1/plugins/rows/disable');
    system.allow(Infinity);
    expect((await api().http.delete('/v1/plugins/rows')).status).toBe(409);
    expect((await plugin()).state).toBe('disabled');
    expect((await api().get<{ state: string }>(`/v1/runs/${run}`)).state).not.toBe('done');

    await api().post('/v1/plugins/rows/versions/1.0.0/activate');
    await api().post('/v1/plugins/rows/enable');
    await everyRowOnce(run);
    expect(new Set(system.rows.map(({ by }) => by))).toEqual(new Set(['1.0.0', '1.1.0']));
    expect(system.rows.at(-1)?.by).toBe('1.0.0');
  });

  it('finds the same of a plugin that was built for the contract before', async () => {
    system.rows.length = 0;
    system.allow(Infinity);
    await uploadPlugin(api().http, readFileSync(FROZEN));
    await api().post('/v1/plugins/frozen/versions/1.1.0/approve', { egress: EGRESS });
    const shown = await api().get<{ contract: string; state: string }>('/v1/plugins/frozen');
    expect(shown).toMatchObject({ contract: 'previous', state: 'active' });
    await everyRowOnce(await startSync('frozen', { url: system.url, apiKey: 'secret-key' }));
    expect(new Set(system.rows.map(({ by }) => by))).toEqual(new Set(['the older contract']));
  });

  async function everyRowOnce(run: string): Promise<void> {
    const { counts } = await waitFor(
      async () => {
        const now = await api().get<{ state: string; counts: Record<string, number> }>(`/v1/runs/${run}`);
        return now.state === 'done' && now;
      },
      { what: 'the run' },
    );
    expect(counts).toMatchObject({ planned: CUSTOMERS, accepted: CUSTOMERS });
    const emails = system.rows.map(({ email }) => email).sort();
    expect(emails).toEqual(Array.from({ length: CUSTOMERS }, (_, n) => emailOf(n)).sort());
  }

  const made = async (path: string, body: object): Promise<string> =>
    (await api().post<{ id: string }>(path, body)).id;

  async function makeAudience(): Promise<string> {
    const writeKey = (await api().post<{ key: string }>('/v1/write-keys', { name: 'Web' })).key;
    const batch = Array.from({ length: CUSTOMERS }, (_, n) => [
      { type: 'identify', messageId: `i${n}`, userId: `u${n}`, traits: { email: emailOf(n) } },
      { type: 'track', messageId: `t${n}`, userId: `u${n}`, event: 'Bought' },
    ]).flat();
    await axios.post(
      `${hub.url}/v1/batch`,
      { batch },
      { auth: { username: writeKey, password: '' }, proxy: false },
    );
    await waitFor(
      async () => {
        const { applied, head } = await api().get<{ applied: number; head: number }>('/v1/ingest');
        return head > 0 && applied === head;
      },
      { what: 'the events' },
    );
    const definition = { version: 1, where: { event: { name: 'Bought' } } };
    const id = await made('/v1/audiences', { name: 'Buyers', definition });
    const evaluation = await made(`/v1/audiences/${id}/evaluate`, {});
    await waitFor(
      async () => (await api().get<{ state: string }>(`/v1/evaluations/${evaluation}`)).state === 'done',
      { what: 'the audience' },
    );
    return id;
  }

  async function startSync(plugin: string, settings: object): Promise<string> {
    const connectorId = await made('/v1/connectors', { plugin, name: plugin, settings });
    const mappingId = await made('/v1/mappings', {
      name: plugin,
      expression: '{"email": profile.traits.email}',
    });
    const syncId = await made('/v1/syncs', { name: plugin, audienceId, connectorId, mappingId });
    return (await api().post<{ run: { id: string } }>(`/v1/syncs/${syncId}/run`)).run.id;
  }
});

const emailOf = (n: number): string => `customer${n}@example.com`;
