import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import axios, { AxiosInstance, AxiosResponse } from 'axios';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startTestEngines, TestEngines } from '@percorso/engines';
import { type CampaignClassicTwin, startCampaignClassicTwin } from '@percorso/plugin-testkit';
import { connectClickHouse, migrate } from '@percorso/storage';
import { Client } from 'pg';
import { createHub } from './create-hub';
import { optionsOver } from './testing/options-over';

/** Nobody else in these databases is called so. */
const mark = randomBytes(5).toString('hex');
const ADA = {
  user: `ada-${mark}`,
  device: `device-${mark}`,
  email: `ada.${mark}@example.com`,
  name: `Adelaide${mark}`,
  phone: `+39055${String(parseInt(mark.slice(0, 6), 16)).padStart(8, '0')}`,
};
const PERSONAL = new RegExp(
  Object.values(ADA)
    .map((text) => text.replace(/[.+]/g, '\\$&'))
    .join('|'),
  'i',
);

/** A whole hub with its workers, from the collected event to the campaign system and back out of all of them. */
describe('a person is erased', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-erasure-'));
  const login = { login: 'percorso', password: randomBytes(12).toString('hex') };
  let engines: TestEngines;
  let twin: CampaignClassicTwin;
  let app: NestFastifyApplication;
  let owner: Client;
  let api: AxiosInstance;
  let collect: AxiosInstance;
  let workspaceId: string;
  let sync: string;

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    twin = await startCampaignClassicTwin({ journal: join(folder, 'campaign.ndjson'), ...login });
    const options = {
      ...optionsOver(engines, folder),
      pluginDirs: [join(__dirname, '..', '..', '..', 'plugins')],
      roles: ['api', 'ingest', 'worker'] as const,
      poolSize: 10,
    };
    app = await createHub(options);
    await app.listen(0, '127.0.0.1');
    const http = (headers: object, auth?: { username: string; password: string }): AxiosInstance =>
      axios.create({ baseURL: `${url}/v1`, proxy: false, validateStatus: () => true, headers, auth });
    const url = await app.getUrl();
    const root = http({ authorization: `Bearer ${options.rootKey}` });
    const settings = { unknownConsent: 'allow', allowPrivateNetwork: true };
    const { id, adminKey } = (await root.post('/workspaces', { name: 'Shop', settings })).data;
    workspaceId = id;
    api = http({ authorization: `Bearer ${adminKey}` });
    collect = http({}, { username: (await made('/write-keys', { name: 'Web' })).key, password: '' });
    owner = new Client({ connectionString: engines.databaseUrl });
    await owner.connect();
  }, 120_000);

  afterAll(async () => {
    await owner?.end();
    await app?.close();
    await twin?.stop();
    await engines?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function made(path: string, body: object, headers = {}): Promise<{ id: string; key: string }> {
    const { status, data } = await api.post(path, body, { headers });
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(data)}`);
    return data;
  }

  async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
    for (let tries = 0; tries < 300; tries++) {
      const found = await look();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`gave up on: ${what}`);
  }

  async function say(...batch: object[]): Promise<void> {
    expect((await collect.post('/batch', { batch })).status).toBe(200);
    await until('applied and loaded', async () => {
      const { head, applied, loaded } = (await api.get('/ingest')).data;
      return applied === head && loaded === head;
    });
  }

  async function runSync(): Promise<void> {
    const started = await api.post(`/syncs/${sync}/run`);
    expect(started.status).toBe(202);
    await until('the run', async () => {
      const { state } = (await api.get(`/runs/${started.data.run.id}`)).data;
      return state === 'done';
    });
  }

  /** All places of both databases that hold anything of `text`, with what was found. */
  async function found(text: RegExp): Promise<string[]> {
    const hits: string[] = [];
    const look = (place: string, content: string): void => {
      const hit = text.exec(content);
      if (hit) hits.push(`${place}: ${hit[0]}`);
    };
    const tables = await owner.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'percorso'::regnamespace AND c.relkind = 'r'`,
    );
    for (const { name } of tables.rows) {
      const { rows } = await owner.query(`SELECT * FROM percorso.${name}`);
      for (const row of rows) {
        for (const [column, value] of Object.entries(row)) {
          look(`${name}.${column}`, Buffer.isBuffer(value) ? readable(value) : JSON.stringify(value));
        }
      }
    }
    const clickhouse = connectClickHouse(engines.clickhouseUrl);
    for (const table of ['event', 'profile', 'node_person']) {
      const answer = await clickhouse.query({
        query: `SELECT * FROM percorso.${table}`,
        format: 'JSONEachRow',
      });
      look(`clickhouse ${table}`, await answer.text());
    }
    await clickhouse.close();
    return hits;
  }

  it('is everywhere first, and nowhere afterwards', async () => {
    const traits = { email: ADA.email, phone: ADA.phone, firstName: ADA.name };
    const event = (messageId: string, fields: object): object => ({ messageId, type: 'track', ...fields });
    const identify = { messageId: 'm1', type: 'identify', userId: ADA.user, anonymousId: ADA.device, traits };
    await say(
      event('m0', {
        anonymousId: ADA.device,
        event: 'Seen',
        context: { page: { referrer: `/?mail=${ADA.email}` } },
      }),
      { ...identify, context: { consent: { categoryPreferences: { email: true } } } },
      event('m2', {
        userId: ADA.user,
        event: 'Bought',
        properties: { note: `for ${ADA.name}`, pad: 'x'.repeat(2000) },
      }),
      event('m3', { userId: 'ben', event: 'Bought' }),
      event('m4', { userId: ADA.user, traits, timestamp: 'yesterday' }),
    );
    await say(identify, {
      messageId: 'm5',
      type: 'identify',
      userId: 'ben',
      traits: { email: `ben${mark.length}@example.com` },
    });

    const expression = '{"email": profile.traits.email, "firstName": profile.traits.firstName}';
    await made('/computed-traits', { key: 'said', text: 'event("Bought").lastValue(note)' });
    await until(
      'the computed trait',
      async () => (await api.get('/computed-traits/said')).data.state === 'ready',
    );
    const mappingId = (await made('/mappings', { name: 'M', expression })).id;
    const where = { trait: { path: 'email', op: 'exists', value: true } };
    const audience = await made('/audiences', { name: 'All', definition: { version: 1, where } });
    const connectorId = (
      await made('/connectors', {
        plugin: 'adobe-campaign-classic',
        name: 'Campaign',
        settings: { url: twin.url, ...login },
      })
    ).id;
    sync = (await made('/syncs', { name: 'S', audienceId: audience.id, connectorId, mappingId })).id;
    await until('two members', async () => (await api.get(`/audiences/${audience.id}`)).data.members === 2);
    await runSync();
    expect(await twin.rows()).toContainEqual(expect.objectContaining({ email: ADA.email }));

    const once = { 'idempotency-key': 'k1' };
    const suppression = { channel: 'email', address: ADA.email, reason: 'manual' };
    await made('/suppressions', suppression, once);
    const hits = await found(PERSONAL);
    expect(hits.filter((hit) => hit.startsWith('profile.computed'))).toEqual([
      `profile.computed: ${ADA.name}`,
    ]);
    const places = hits.map((hit) => hit.replace(/[_\d]*\..*| *:.*/, ''));
    expect([...new Set(places)].sort()).toEqual(
      expect.arrayContaining([
        'clickhouse event',
        'clickhouse node_person',
        'clickhouse profile',
        'effect',
        'event',
        'identity_node',
        'ingest_log',
        'profile',
        'profile_fragment',
        'quarantine',
        'suppression',
      ]),
    );

    // What is planned while the sync is paused waits, and with it what it needs.
    await api.post(`/syncs/${sync}/pause`);
    const asked: AxiosResponse = await api.post('/erasures', {
      namespace: 'email',
      value: ADA.email.toUpperCase(),
    });
    expect([asked.status, asked.headers.location]).toEqual([202, `/v1/erasures/${asked.data.id}`]);
    const report = async (): Promise<{
      state: string;
      places: { place: string; state: string; count: number }[];
    }> => (await api.get(`/erasures/${asked.data.id}`)).data;
    await until('all places but the campaign system', async () => {
      const { places } = await report();
      const open = places.filter(({ state }) => state !== 'done');
      return open.length === 1 && open[0]!.place === 'effects' && open[0]!.state === 'waiting';
    });
    // What the removal needs, and nothing else, is still there.
    expect(new Set((await found(PERSONAL)).map((hit) => hit.split(':')[0]))).toEqual(
      new Set(['effect.payload']),
    );
    await api.post(`/syncs/${sync}/resume`);
    await until('the end', async () => (await report()).state === 'done');
    expect(await twin.rows()).toContainEqual(
      expect.objectContaining({ email: ADA.email, blackListEmail: true }),
    );
    const counts = Object.fromEntries((await report()).places.map(({ place, count }) => [place, count]));
    expect(counts).toMatchObject({
      audiences: 1,
      'ingest-log': 5,
      quarantine: 1,
      suppressions: 1,
      idempotency: 1,
      effects: 2,
    });
    expect(counts.clickhouse).toBeGreaterThan(5);
    expect(await found(PERSONAL)).toEqual([]);
  }, 120_000);

  it('and stays out: what names the person is kept nowhere, the address stays suppressed', async () => {
    await say(
      { messageId: 'm9', type: 'identify', userId: ADA.user, traits: { firstName: ADA.name } },
      { messageId: 'm10', type: 'track', userId: 'ben', event: 'Bought' },
    );
    const [aside] = (await api.get('/quarantine')).data.data;
    expect(aside).toMatchObject({ code: 'erased', messageId: null });
    const suppression = { channel: 'email', address: ` ${ADA.email}`, reason: 'manual' };
    expect((await api.post('/suppressions', suppression)).status).toBe(409);
    const [hidden] = (await api.get('/suppressions')).data.data;
    expect(hidden.address).toMatch(/^erased:/);
    expect(await found(PERSONAL)).toEqual([]);
    const { rows } = await owner.query('SELECT FROM percorso.tombstone WHERE workspace_id = $1', [
      workspaceId,
    ]);
    expect(rows.length).toBe(4);
  }, 60_000);
});

function readable(bytes: Buffer): string {
  try {
    return inflateSync(bytes).toString();
  } catch {
    return bytes.toString();
  }
}
