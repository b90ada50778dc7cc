import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios, { AxiosInstance } from 'axios';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startTestEngines, TestEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { migrate } from '@percorso/storage';
import { createHub } from './create-hub';
import { optionsOver } from './testing/options-over';

/** Two whole hubs over the same stores, each with its workers. */
describe('an admin ranks sources', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-policy-'));
  const hubs: NestFastifyApplication[] = [];
  let engines: TestEngines;
  let api: AxiosInstance;
  let other: AxiosInstance;
  const collect: Record<string, AxiosInstance> = {};
  const keys: Record<string, string> = {};

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    const options = { ...optionsOver(engines, folder), roles: ['api', 'ingest', 'worker'] as const };
    for (let count = 0; count < 2; count++) {
      const hub = await createHub(options);
      await hub.listen(0, '127.0.0.1');
      hubs.push(hub);
    }
    const http = async (hub: number, headers: object, auth?: object): Promise<AxiosInstance> =>
      axios.create({
        baseURL: `${await hubs[hub]!.getUrl()}/v1`,
        proxy: false,
        validateStatus: () => true,
        headers: { ...headers },
        ...auth,
      });
    const root = await http(0, { authorization: `Bearer ${options.rootKey}` });
    const { adminKey } = (await root.post('/workspaces', { name: 'Shop' })).data;
    api = await http(0, { authorization: `Bearer ${adminKey}` });
    other = await http(1, { authorization: `Bearer ${adminKey}` });
    for (const [index, name] of ['CRM', 'Web'].entries()) {
      const { id, key } = (await api.post('/write-keys', { name })).data;
      keys[name] = id;
      collect[name] = await http(index, {}, { auth: { username: key, password: '' } });
    }
  }, 120_000);

  afterAll(async () => {
    for (const hub of hubs) await hub.close();
    await engines?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
    for (let tries = 0; tries < 300; tries++) {
      const found = await look();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`gave up on: ${what}`);
  }

  async function say(name: string, day: number, tier: string, users: readonly string[]): Promise<void> {
    const batch = users.map((userId) => ({
      messageId: newId(),
      type: 'identify',
      userId,
      traits: { tier },
      timestamp: `2026-02-0${day}T00:00:00.000Z`,
    }));
    expect((await collect[name]!.post('/batch', { batch })).status).toBe(200);
    await until('applied', async () => {
      const { head, applied } = (await api.get('/ingest')).data;
      return applied === head;
    });
  }

  it('and audiences follow, while the other hub works and events go on', async () => {
    const users = Array.from({ length: 500 }, (_, index) => `u${index}`);
    await say('CRM', 1, 'gold', users);
    await say('Web', 2, 'basic', users.slice(100));
    const audience = (
      await api.post('/audiences', {
        name: 'Gold',
        definition: { version: 1, where: { trait: { path: 'tier', op: 'eq', value: 'gold' } } },
      })
    ).data.id as string;
    const members = (count: number): Promise<boolean> =>
      until(
        `${count} members`,
        async () => (await other.get(`/audiences/${audience}`)).data.members === count,
      );
    await members(100);

    const read = await api.get('/merge-policy');
    expect([read.headers.etag, read.data]).toMatchObject([
      '"1"',
      { default: { rule: 'latest' }, createdAt: null },
    ]);
    const policy = {
      default: { rule: 'source-precedence', sources: ['CRM'] },
      traits: { city: { rule: 'latest' } },
    };
    expect((await api.put('/merge-policy', policy)).status).toBe(428);
    const stale = await api.put('/merge-policy', policy, { headers: { 'if-match': '"2"' } });
    expect(stale.status).toBe(412);
    const put = await api.put('/merge-policy', policy, { headers: { 'if-match': read.headers.etag } });
    expect([put.status, put.headers.etag, put.data]).toMatchObject([200, '"2"', { ...policy, version: 2 }]);

    await say('Web', 3, 'silver', [...users.slice(0, 200), 'new']);
    await members(500);
    const { rollout } = (await other.get('/merge-policy')).data;
    expect(rollout).toMatchObject({ state: 'done', progress: 1 });
    expect(rollout.profiles).toBeGreaterThanOrEqual(500);
    const { data } = await api.get('/profiles', { params: { namespace: 'user_id', value: 'u1' } });
    const profile = data.data[0];
    expect(profile.traits.tier).toEqual({ value: 'gold', source: keys.CRM, at: '2026-02-01T00:00:00.000Z' });
    const said = (await other.get(`/profiles/${profile.id}/traits`)).data.data;
    expect(said).toMatchObject([
      {
        name: 'tier',
        rule: policy.default,
        said: [
          { value: 'silver', source: keys.Web, sourceName: 'Web', counts: false },
          { value: 'gold', source: keys.CRM, sourceName: 'CRM', counts: true },
        ],
      },
    ]);

    const evaluation = (await api.post(`/audiences/${audience}/evaluate`)).data.id as string;
    const done = await until('the evaluation', async () => {
      const { data: found } = await api.get(`/evaluations/${evaluation}`);
      return found.state === 'done' && found;
    });
    expect(done).toMatchObject({ drift: 0, members: 500 });
    const versions = (await api.get('/merge-policy/versions')).data.data as { version: number }[];
    expect(versions.map(({ version }) => version)).toEqual([2, 1]);
  }, 120_000);

  it('is told what is wrong, where', async () => {
    const wrong = {
      default: { rule: 'oldest' },
      traits: { tier: { rule: 'source-precedence', sources: [] } },
    };
    const refused = await api.put('/merge-policy', wrong, { headers: { 'if-match': '*' } });
    expect([refused.status, refused.data.errors.map((error: { pointer: string }) => error.pointer)]).toEqual([
      422,
      ['/default/rule', '/traits/tier/sources'],
    ]);
    const unknown = { default: { rule: 'source-precedence', sources: ['CMR'] } };
    const { data } = await api.put('/merge-policy', unknown, { headers: { 'if-match': '*' } });
    expect(data.errors).toMatchObject([{ pointer: '/default/sources/0', code: 'source-unknown' }]);
    expect((await api.put('/merge-policy', {}, { headers: { 'if-match': '*' } })).status).toBe(422);
  });
});
