import axios, { AxiosInstance } from 'axios';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessModule, configureHttp, createHttpAdapter } from '@percorso/access';
import { startTestEngines, TestEngines } from '@percorso/engines';
import { IngestModule, IngestWriter } from '@percorso/ingest';
import { newId } from '@percorso/kernel';
import { Database, migrate, Shards, StorageModule } from '@percorso/storage';
import { LoadGate } from './load-gate';
import { ProfileModule } from './profile.module';
import { ProfileWorkerModule } from './profile-worker.module';

describe('profiles over HTTP, with the worker running', () => {
  let engines: TestEngines;
  let app: NestFastifyApplication;
  let url: string;
  let workspace: { id: string; adminKey: string };
  let api: AxiosInstance;
  const rootKey = `root-${newId()}`;

  const client = (key: string): AxiosInstance =>
    axios.create({ baseURL: url, headers: { authorization: `Bearer ${key}` }, validateStatus: () => true });

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    const storage = StorageModule.forRoot(engines);
    class Root {}
    app = await NestFactory.create<NestFastifyApplication>(
      {
        module: Root,
        imports: [
          storage,
          AccessModule.forRoot({ rootKey }),
          IngestModule,
          ProfileModule,
          ProfileWorkerModule.forRoot(),
        ],
      },
      createHttpAdapter(),
      { logger: false, bodyParser: false },
    );
    configureHttp(app);
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    workspace = (await client(rootKey).post('/v1/workspaces', { name: 'Shop' })).data;
    api = client(workspace.adminKey);
  });

  afterAll(async () => {
    await app?.close();
    await engines?.stop();
  });

  async function said(...items: object[]): Promise<void> {
    const { pos, count } = await app
      .get(IngestWriter)
      .accept({ workspaceId: workspace.id, sourceId: 'web', items });
    const last = pos + count - 1;
    for (let tries = 0; tries < 200; tries++) {
      const { data } = await api.get('/v1/ingest');
      if (Number(data.applied) >= last) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`position ${last} was not applied`);
  }

  const find = async (namespace: string, value: string) =>
    (await api.get('/v1/profiles', { params: { namespace, value } })).data.data[0];

  it('what is collected can be looked up, read, followed, and reaches ClickHouse', async () => {
    await said(
      { messageId: 'm1', type: 'track', event: 'Viewed', anonymousId: 'a1', properties: { price: 9.99 } },
      {
        messageId: 'm2',
        type: 'identify',
        userId: 'u1',
        anonymousId: 'a1',
        traits: { email: 'Ada@Example.com' },
      },
    );
    const profile = await find('email', 'ADA@example.com');
    expect(profile).toMatchObject({
      traits: { email: { value: 'Ada@Example.com', source: 'web' } },
      groups: [],
      consent: {},
    });
    const read = await api.get(`/v1/profiles/${profile.id}`);
    expect(read.headers.etag).toBe(`"${profile.version}"`);
    const events = await api.get(`/v1/profiles/${profile.id}/events`, { params: { limit: 1 } });
    expect(events.data.data).toHaveLength(1);
    const rest = await api.get(`/v1/profiles/${profile.id}/events`, { params: { cursor: events.data.next } });
    const names = [...events.data.data, ...rest.data.data]
      .map((event: { name: string }) => event.name)
      .sort();
    expect(names).toEqual(['Viewed', 'identify']);
    expect(rest.data.next).toBeNull();

    const rows = await app.get(LoadGate).holdLoaded(workspace.id, async () => {
      const answer = await app
        .get(Shards)
        .at(0)
        .query({
          query: `SELECT count() AS n FROM percorso.event WHERE workspace_id = '${workspace.id}'`,
          format: 'JSONEachRow',
        });
      return answer.json();
    });
    expect(rows).toEqual([{ n: '2' }]);
  });

  it('merges are listed and reversed; a second reversal conflicts', async () => {
    await said(
      { messageId: 'm3', type: 'identify', userId: 'u2' },
      { messageId: 'm4', type: 'identify', userId: 'u3' },
    );
    const [two, three] = [await find('user_id', 'u2'), await find('user_id', 'u3')];
    await said({ messageId: 'm5', type: 'alias', userId: 'u2', previousId: 'u3' });
    const { data } = await api.get(`/v1/profiles/${two.id}/merges`);
    expect(data.data).toMatchObject([{ winner: two.id, loser: three.id, cause: { kind: 'alias' } }]);
    expect((await api.get('/v1/merges')).data.data).toEqual(data.data);
    const reversed = await api.post(`/v1/merges/${data.data[0].id}/reverse`);
    expect([reversed.status, reversed.data.reversedAt === null]).toEqual([200, false]);
    expect((await api.post(`/v1/merges/${data.data[0].id}/reverse`)).status).toBe(409);
    expect((await find('user_id', 'u3')).id).toBe(three.id);
  });

  it('a deleted profile is gone; another workspace never saw it', async () => {
    await said({ messageId: 'm6', type: 'identify', userId: 'u9' });
    const { id } = await find('user_id', 'u9');
    const other = client((await client(rootKey).post('/v1/workspaces', { name: 'Other' })).data.adminKey);
    for (const path of [`/v1/profiles/${id}`, `/v1/profiles/${id}/events`, `/v1/profiles/${id}/merges`]) {
      expect((await other.get(path)).status).toBe(404);
    }
    expect((await other.delete(`/v1/profiles/${id}`)).status).toBe(404);
    expect((await api.delete(`/v1/profiles/${id}`)).status).toBe(204);
    expect((await api.get(`/v1/profiles/${id}`)).status).toBe(404);
    expect((await api.get('/v1/profiles/not-an-id')).status).toBe(404);
    expect((await api.get('/v1/profiles')).status).toBe(422);
  });

  it('namespaces come with the workspace and are edited by version', async () => {
    const listed = await api.get('/v1/namespaces');
    expect(listed.data.data.map((namespace: { code: string }) => namespace.code)).toEqual([
      'user_id',
      'email',
      'phone',
      'device_id',
      'anonymous_id',
    ]);
    const body = { code: 'crm_id', title: 'CRM', uniqueness: 'one', priority: 4 };
    const created = await api.post('/v1/namespaces', body);
    expect([created.status, created.headers.etag]).toEqual([201, '"1"']);
    expect((await api.post('/v1/namespaces', body)).status).toBe(409);
    expect((await api.patch('/v1/namespaces/crm_id', { title: 'X' })).status).toBe(428);
    const stale = { headers: { 'if-match': '"7"' } };
    expect((await api.patch('/v1/namespaces/crm_id', { title: 'X' }, stale)).status).toBe(412);
    const current = { headers: { 'if-match': '"1"' } };
    expect((await api.patch('/v1/namespaces/crm_id', { priority: 5 }, current)).data).toMatchObject({
      priority: 5,
      version: 2,
    });
    expect((await api.delete('/v1/namespaces/user_id', { headers: { 'if-match': '*' } })).status).toBe(409);
    expect((await api.delete('/v1/namespaces/crm_id', { headers: { 'if-match': '"2"' } })).status).toBe(204);
    expect((await api.get('/v1/namespaces/crm_id')).status).toBe(404);
    expect((await api.post('/v1/namespaces', { ...body, code: 'Bad Code' })).data.errors).toMatchObject([
      { pointer: '/code' },
    ]);
  });

  it('says when older events cannot be read, and when to try again', async () => {
    await said({ messageId: 'old', type: 'track', event: 'Viewed', userId: 'old' });
    const { id } = await find('user_id', 'old');
    await app
      .get(Database)
      .tx(workspace.id, (tx) =>
        tx.query(
          `INSERT INTO event_archive (workspace_id, pos, node, received_before, since) VALUES ($1, 1000, 1000, now(), now())`,
          [workspace.id],
        ),
      );
    const away = Shards.connect(['http://127.0.0.1:9']);
    const quiet = jest.spyOn(console, 'error').mockImplementation();
    const spy = jest.spyOn(app.get(Shards), 'at').mockReturnValue(away.at(0));
    for (const path of ['timeline', 'events']) {
      const { status, headers, data } = await api.get(`/v1/profiles/${id}/${path}`);
      expect({ status, retry: headers['retry-after'], code: data.code }).toEqual({
        status: 503,
        retry: '5',
        code: 'older-events-unavailable',
      });
    }
    expect((await api.get(`/v1/profiles/${id}`)).status).toBe(200);
    spy.mockRestore();
    quiet.mockRestore();
    await away.close();
  });
});
