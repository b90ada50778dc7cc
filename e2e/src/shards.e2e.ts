import { HubApi, type IngestStatus, openWorkspace, poll } from '@percorso/demo';
import { startTestShards, type TestShards } from '@percorso/engines';
import { Shards } from '@percorso/storage';
import { type HubHandle, releaseEngines, sharedEngines, startHub } from './harness';

const VISITORS = 30;
const KILLS = 5;

/** A hub over three ClickHouse servers, killed while visitors turn out to be customers. */
describe('a hub over shards', () => {
  let servers: TestShards;
  let hub: HubHandle;

  beforeAll(async () => {
    servers = await startTestShards(3);
    const { databaseUrl, redisUrl } = await sharedEngines();
    const env = { CLICKHOUSE_URL: '', CLICKHOUSE_SHARDS: servers.urls.join(',') };
    hub = await startHub({ engines: { databaseUrl, redisUrl, clickhouseUrl: '' }, env });
  }, 120_000);
  afterAll(async () => {
    await hub?.stop();
    await servers?.stop();
    await releaseEngines();
  });

  it('counts every visit once, before and after the login, through kills', async () => {
    const { workspaceId, writeKey, admin } = await openWorkspace(hub.url, hub.rootKey);
    let serial = 0;
    const say = async (...calls: object[]): Promise<void> => {
      const batch = calls.map((call) => ({ messageId: `m${++serial}`, ...call }));
      const response = await fetch(`${hub.url}/v1/batch`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`,
        },
        body: JSON.stringify({ batch }),
      });
      expect(response.status).toBe(200);
    };
    const api = (): HubApi => new HubApi(hub.url, admin.key);
    const loaded = (): Promise<unknown> =>
      poll(
        () => api().get<IngestStatus>('/v1/ingest'),
        (status) => status.head === serial && status.loaded === serial,
        { what: 'loading' },
      );
    const everybody = Array.from({ length: VISITORS }, (_, index) => index);
    const visit = (who: object): object => ({ type: 'track', event: 'Visit', ...who });
    await say(...everybody.flatMap((n) => [visit({ userId: `u${n}` }), visit({ anonymousId: `a${n}` })]));
    await loaded();

    const definition = (times: number): object => ({
      version: 1,
      where: { event: { name: 'Visit', measure: 'count', op: 'eq', value: times } },
    });
    const counted = async (times: number): Promise<number> =>
      (
        await api().post<{ count: number }>('/v1/audiences/preview', {
          definition: definition(times),
          sample: 0,
        })
      ).count;
    expect([await counted(1), await counted(2)]).toEqual([2 * VISITORS, 0]);

    for (let kill = 0; kill < KILLS; kill++) {
      const now = everybody.filter((n) => n % KILLS === kill);
      await say(
        ...now.map((n) => ({ type: 'identify', userId: `u${n}`, anonymousId: `a${n}`, traits: { n } })),
      );
      await new Promise((resolve) => setTimeout(resolve, 40 * kill));
      await hub.kill('SIGKILL');
      await hub.restart();
    }
    await loaded();
    expect([await counted(1), await counted(2), await counted(3)]).toEqual([0, VISITORS, 0]);
    await say(...everybody.map((n) => visit({ anonymousId: `a${n}` })));
    await loaded();
    expect([await counted(2), await counted(3)]).toEqual([0, VISITORS]);

    const audience = await api().post<{ id: string }>('/v1/audiences', {
      name: 'three',
      definition: definition(3),
    });
    const { id } = await api().post<{ id: string }>(`/v1/audiences/${audience.id}/evaluate`);
    const done = await poll(
      () => api().get<{ state: string; members: number }>(`/v1/evaluations/${id}`),
      ({ state }) => state === 'done' || state === 'failed',
      { what: 'an evaluation' },
    );
    expect(done).toMatchObject({ state: 'done', members: VISITORS });

    const shards = Shards.connect(servers.urls);
    const persons = await shards.each(async (client) => {
      const query = `SELECT count() AS n FROM percorso.profile FINAL WHERE workspace_id = '${workspaceId}'`;
      const answer = await client.query({ query, format: 'JSONEachRow' });
      return Number((await answer.json<{ n: string }>())[0]?.n);
    });
    await shards.close();
    expect(persons.reduce((sum, n) => sum + n, 0)).toBe(VISITORS);
    expect(Math.min(...persons)).toBeGreaterThan(0);
  }, 240_000);

  it('says how many there are, and refuses another order', async () => {
    const response = await fetch(`${hub.url}/health/ready`);
    expect(await response.json()).toMatchObject({
      status: 'ready',
      clickhouse: { settings: { shards: '3' } },
    });
    await hub.kill('SIGTERM');
    const turned = { CLICKHOUSE_SHARDS: [...servers.urls].reverse().join(',') };
    await expect(hub.restart(turned)).rejects.toThrow(/Shards keep their number and their order/);
    await hub.restart();
  }, 120_000);
});
