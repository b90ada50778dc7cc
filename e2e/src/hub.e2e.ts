import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios from 'axios';
import { Client } from 'pg';
import { startRedis } from '@percorso/engines';
import { makeCertificate } from '@percorso/plugin-testkit';
import { admin, HubHandle, releaseEngines, sharedEngines, startHub, waitFor } from './harness';

interface Created {
  id: string;
  adminKey: string;
}

interface Profiles {
  data: { id: string; traits: Record<string, { value: unknown }> }[];
}

const CANARY = 'canary.person@example.com';

afterAll(releaseEngines);

describe('a hub', () => {
  let hub: HubHandle;
  let workspace: Created;
  let writeKey: string;

  beforeAll(async () => {
    hub = await startHub({ env: { LOG_LEVEL: 'debug' } });
    workspace = await admin(hub.url, hub.rootKey).post<Created>('/v1/workspaces', { name: 'Shop' });
    const api = admin(hub.url, workspace.adminKey);
    ({ key: writeKey } = await api.post<{ key: string }>('/v1/write-keys', { name: 'Web' }));
  });
  afterAll(() => hub?.stop());

  const api = () => admin(hub.url, workspace.adminKey);
  const identify = (userId: string, traits: object) =>
    axios.post(
      `${hub.url}/v1/identify`,
      { userId, traits, timestamp: new Date().toISOString() },
      { auth: { username: writeKey, password: '' }, proxy: false, validateStatus: () => true },
    );
  const lookUp = async (value: string) => {
    const { data } = await api().get<Profiles>(
      `/v1/profiles?namespace=email&value=${encodeURIComponent(value)}`,
    );
    return data[0];
  };

  it('turns an event into a profile', async () => {
    expect((await identify('u1', { email: CANARY, firstName: 'Canaria' })).status).toBe(200);
    const profile = await waitFor(() => lookUp(CANARY), { what: 'the profile' });
    expect(profile.traits.firstName?.value).toBe('Canaria');
  });

  it('is ready, and says how its engines keep what they are given', async () => {
    const { status, data } = await api().http.get('/health/ready');
    expect(status).toBe(200);
    expect(data.postgres.settings).toMatchObject({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
    });
    expect(data.redis.settings['maxmemory-policy']).toBe('noeviction');
    expect(JSON.stringify(data)).not.toMatch(/:\/\/|password/);
  });

  it('counts what it does', async () => {
    const { data } = await api().http.get<string>('/metrics');
    expect(data).toMatch(
      /percorso_http_request_seconds_count\{method="POST",route="\/v1\/identify",status="200"\} [1-9]/,
    );
    expect(data).toMatch(/percorso_events_accepted [1-9]/);
    expect(data).toMatch(/percorso_unhandled_rejections_total 0/);
    expect(data).not.toContain(CANARY);
  });

  it('describes itself', async () => {
    const { data } = await api().http.get('/openapi.json');
    expect(data.openapi).toBe('3.1.0');
    const page = await api().http.get<string>('/docs');
    const scripts = [...page.data.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, path]) => path);
    expect(scripts).toHaveLength(3);
    for (const path of scripts) expect((await api().http.get(`/${path}`)).status).toBe(200);
  });

  it('writes neither keys nor persons into its log or its refusals', async () => {
    const refusals: string[] = [];
    const { http } = api();
    const basic = { auth: { username: writeKey, password: '' } };
    const attempts: (() => Promise<{ data: unknown; status: number }>)[] = [
      () => http.get(`/v1/profiles?namespace=${CANARY}&value=${CANARY}`),
      () => http.get(`/v1/profiles?nothing=${CANARY}`),
      () => http.get(`/v1/${CANARY}`),
      () => http.get(`/v1/profiles/${CANARY}`),
      () => http.post('/v1/write-keys', { name: CANARY, [CANARY]: CANARY, scopes: CANARY }),
      () => http.post('/v1/suppressions', { channel: 'email', address: 7, [CANARY]: 1 }),
      () => http.post('/v1/audiences', { name: 'x', definition: { [CANARY]: CANARY } }),
      () =>
        http.post('/v1/write-keys', `{"name": "${CANARY}`, {
          headers: { 'content-type': 'application/json' },
        }),
      () => http.get('/v1/profiles', { headers: { authorization: `Bearer ${CANARY}` } }),
      () => http.get('/v1/profiles?cursor=x', { headers: { cookie: `session=${CANARY}` } }),
      () => http.post('/v1/track', { email: CANARY }, basic),
      () => http.post('/v1/track', { event: 'x', userId: { a: CANARY } }, basic),
      () => http.delete(`/v1/suppressions/email/${CANARY}`),
      () => http.post('/v1/suppressions', { channel: 'email', address: CANARY, reason: 'manual' }),
      () => http.post('/v1/suppressions', { channel: 'email', address: CANARY, reason: 'manual' }),
      () => http.get('/v1/suppressions'),
      () => http.delete(`/v1/suppressions/email/${encodeURIComponent(CANARY)}`),
    ];
    for (const attempt of attempts) {
      const { data, status } = await attempt();
      if (status >= 400) refusals.push(JSON.stringify(data));
    }
    expect(refusals.length).toBeGreaterThan(8);
    // A field's own name is what its pointer must repeat; nothing else of a request comes back.
    const told = refusals.join('\n').replaceAll(`/${CANARY}`, '').replaceAll(`"${CANARY}"`, '');
    const log = await waitFor(async () => hub.output().includes('suppressions') && hub.output());
    for (const secret of [
      CANARY,
      'Canaria',
      workspace.adminKey,
      writeKey,
      hub.rootKey,
      encodeURIComponent(CANARY),
    ]) {
      expect(log).not.toContain(secret);
      expect(told).not.toContain(secret);
    }
    const { databaseUrl } = await sharedEngines();
    expect(log).not.toContain(new URL(databaseUrl).password);
    expect(log).toContain('"route":"/v1/profiles"');
  });

  it('finishes what it was asked before it stops, then starts where it was', async () => {
    const asked = Array.from({ length: 50 }, (_, i) => identify(`s${i}`, { email: `s${i}@example.com` }));
    await Promise.all(asked.slice(0, 10));
    const code = hub.kill('SIGTERM');
    const answers = await Promise.allSettled(asked);
    expect(await code).toBe(0);
    expect(hub.output()).not.toContain('Not everything was finished');
    const accepted = answers.flatMap((answer, i) =>
      answer.status === 'fulfilled' && answer.value.status === 200 ? [i] : [],
    );
    await hub.restart();
    for (const i of accepted) await waitFor(() => lookUp(`s${i}@example.com`), { what: `profile ${i}` });
  });

  it('stops when nobody is left to read its log', async () => {
    hub.deafen();
    const asked = Array.from({ length: 20 }, () => api().http.get('/v1/audiences'));
    await Promise.all(asked.slice(0, 5));
    const stopped = hub.kill('SIGTERM');
    await Promise.allSettled(asked);
    expect(await stopped).toBe(0);
    await hub.restart();
  });

  it('keeps what it acknowledged when it is killed', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => identify(`k${i}`, { email: `k${i}@example.com` })),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    await hub.kill('SIGKILL');
    await hub.restart();
    for (let i = 0; i < 20; i++) await waitFor(() => lookUp(`k${i}@example.com`), { what: `profile ${i}` });
  });

  it('serves only its roles', async () => {
    const collector = await startHub({ roles: ['ingest'] });
    try {
      const answer = await admin(collector.url, workspace.adminKey).http.get('/v1/audiences');
      expect([answer.status, answer.data.code]).toEqual([404, 'role-missing']);
      const sent = await axios.post(
        `${collector.url}/v1/identify`,
        { userId: 'r1', traits: { email: 'r1@example.com' } },
        { auth: { username: writeKey, password: '' }, proxy: false },
      );
      expect(sent.status).toBe(200);
    } finally {
      await collector.stop();
    }
    await waitFor(() => lookUp('r1@example.com'), { what: 'the profile collected elsewhere' });
  });
});

describe('a provider behind a private authority', () => {
  it('is trusted when NODE_EXTRA_CA_CERTS names the authority, and only then', async () => {
    const { cert, key, certFile } = await makeCertificate('localhost');
    const provider = createSecureServer({ cert, key }, (_, response) => response.writeHead(401).end());
    await new Promise<void>((resolve) => provider.listen(0, resolve));
    const url = `https://localhost:${(provider.address() as AddressInfo).port}`;
    const check = async (env: NodeJS.ProcessEnv): Promise<object> => {
      const hub = await startHub({ env });
      try {
        const workspace = await admin(hub.url, hub.rootKey).post<Created>('/v1/workspaces', {
          name: 'Shop',
          settings: { allowPrivateNetwork: true },
        });
        const api = admin(hub.url, workspace.adminKey);
        const settings = { url, login: 'a', password: 'b' };
        const connector = { plugin: 'adobe-campaign-classic', name: 'Campaign', settings };
        const { id } = await api.post<Created>('/v1/connectors', connector);
        return await api.post<object>(`/v1/connectors/${id}/check`);
      } finally {
        await hub.stop();
      }
    };
    expect(await check({ NODE_EXTRA_CA_CERTS: certFile })).toMatchObject({
      ok: false,
      code: 'bad-credentials',
    });
    expect(await check({})).toMatchObject({
      ok: false,
      code: 'bad-settings',
      message: 'The certificate of localhost is refused: self-signed certificate.',
    });
    provider.close();
  });
});

describe('a hub without Redis', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso redis-'));
  let killedAt: number;
  let hub: HubHandle;
  let workspace: Created;
  let writeKey: string;

  beforeAll(async () => {
    const redis = await startRedis({ dataDir: folder });
    hub = await startHub({ engines: { ...(await sharedEngines()), redisUrl: redis.url } });
    workspace = await admin(hub.url, hub.rootKey).post<Created>('/v1/workspaces', { name: 'Shop' });
    const api = admin(hub.url, workspace.adminKey);
    ({ key: writeKey } = await api.post<{ key: string }>('/v1/write-keys', { name: 'Web' }));
    killedAt = Date.now();
    await redis.kill();
  });
  afterAll(async () => {
    await hub?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const collect = async (url: string, userId: string): Promise<void> => {
    const { status } = await axios.post(
      `${url}/v1/identify`,
      { userId, traits: { email: `${userId}@example.com` } },
      { auth: { username: writeKey, password: '' }, proxy: false },
    );
    expect(status).toBe(200);
    const path = `/v1/profiles?namespace=email&value=${userId}@example.com`;
    await waitFor(async () => (await admin(hub.url, workspace.adminKey).get<Profiles>(path)).data[0]);
  };

  it('goes on collecting, and says that it is not whole', async () => {
    await collect(hub.url, 'n1');
    const { http } = admin(hub.url, workspace.adminKey);
    const ready = await http.get('/health/ready');
    expect([ready.status, ready.data.redis.ok, ready.data.postgres.ok]).toEqual([503, false, true]);
    expect((await http.get('/health/live')).status).toBe(200);
    const told = await waitFor(async () => hub.output().match(/\bRedis\b.*/g), {
      what: 'a word about Redis',
    });
    // One line in half a minute.
    const lines = 1 + Math.floor((Date.now() - killedAt) / 30_000);
    expect(told.length).toBeLessThanOrEqual(lines);
    for (const line of told) expect(line).toContain('Redis cannot be reached');
  });

  it('starts when all it has to do is to collect', async () => {
    const engines = { ...(await sharedEngines()), redisUrl: 'redis://127.0.0.1:1' };
    const collector = await startHub({ engines, roles: ['ingest'] });
    try {
      await collect(collector.url, 'n2');
      expect(await collector.kill('SIGTERM')).toBe(0);
    } finally {
      await collector.stop();
    }
  });

  it('still stops in good order', async () => {
    expect(await hub.kill('SIGTERM')).toBe(0);
  });
});

describe('a hub whose connections to PostgreSQL are cut', () => {
  it('goes on', async () => {
    const hub = await startHub();
    const { databaseUrl } = await sharedEngines();
    const owner = new Client({ connectionString: databaseUrl });
    await owner.connect();
    try {
      const root = admin(hub.url, hub.rootKey);
      for (let round = 0; round < 5; round++) {
        await owner.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
        await waitFor(async () => (await root.http.get('/v1/workspaces')).status === 200);
      }
      await waitFor(async () => (await root.http.get('/health/ready')).status === 200);
      expect(hub.output()).not.toContain('"level":60');
    } finally {
      await owner.end();
      await hub.stop();
    }
  });

  it('closes connections that never finish their headers', async () => {
    const hub = await startHub();
    try {
      const { hostname, port } = new URL(hub.url);
      const answer = await new Promise<string>((resolve) => {
        const socket = connect(Number(port), hostname, () =>
          socket.write(`GET / HTTP/1.1\r\nX: ${'a'.repeat(40_000)}\r\n`),
        );
        let text = '';
        socket.on('data', (chunk) => (text += chunk.toString()));
        socket.on('close', () => resolve(text));
        socket.on('error', () => resolve(text));
      });
      expect(answer).toMatch(/^HTTP\/1\.1 431/);
    } finally {
      await hub.stop();
    }
  });
});
