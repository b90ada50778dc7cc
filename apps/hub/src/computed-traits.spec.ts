import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios, { AxiosInstance } from 'axios';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startTestEngines, TestEngines } from '@percorso/engines';
import { ManualClock } from '@percorso/kernel';
import { migrate } from '@percorso/storage';
import { createHub } from './create-hub';
import { optionsOver } from './testing/options-over';

const DAY = 86_400_000;

/** A whole hub with its workers, on a clock of its own. */
describe('an admin has traits computed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-traits-'));
  const clock = new ManualClock(new Date());
  let engines: TestEngines;
  let hub: NestFastifyApplication;
  let api: AxiosInstance;
  let collect: AxiosInstance;
  let serial = 0;

  beforeAll(async () => {
    engines = await startTestEngines();
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    const options = { ...optionsOver(engines, folder), clock, roles: ['api', 'ingest', 'worker'] as const };
    hub = await createHub(options);
    await hub.listen(0, '127.0.0.1');
    const baseURL = `${await hub.getUrl()}/v1`;
    const http = (more: object): AxiosInstance =>
      axios.create({ baseURL, proxy: false, validateStatus: () => true, ...more });
    const bearer = (key: string): object => ({ headers: { authorization: `Bearer ${key}` } });
    const { adminKey } = (await http(bearer(options.rootKey)).post('/workspaces', { name: 'Shop' })).data;
    api = http(bearer(adminKey));
    const { key } = (await api.post('/write-keys', { name: 'Web' })).data;
    collect = http({ auth: { username: key, password: '' } });
  }, 120_000);

  afterAll(async () => {
    await hub?.close();
    await engines?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
    for (let tries = 0; tries < 400; tries++) {
      const found = await look();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`gave up on: ${what}`);
  }

  const order = (userId: string, revenue: number, ago: number): Promise<unknown> =>
    collect.post('/batch', {
      batch: [
        {
          type: 'track',
          messageId: `m${++serial}`,
          userId,
          event: 'Order Completed',
          timestamp: new Date(clock.now().getTime() - ago).toISOString(),
          properties: { revenue },
        },
      ],
    });

  const traitsOf = async (userId: string): Promise<Record<string, { value: unknown; source: string }>> =>
    (await api.get('/profiles', { params: { namespace: 'user_id', value: userId } })).data.data[0]?.traits ??
    {};

  it('sees the trait on profiles and the audience on it follow events and time', async () => {
    const text = 'event("Order Completed", last 30 days).sum(revenue)';
    await order('ann', 60, DAY);
    const created = await api.post('/computed-traits', { key: 'spent30', description: 'Of late', text });
    expect(created).toMatchObject({
      status: 201,
      headers: { etag: '"1"' },
      data: { key: 'spent30', state: 'computing', text, definitionVersion: 1, error: null },
    });
    await until('ready', async () => (await api.get('/computed-traits/spent30')).data.state === 'ready');
    expect(await traitsOf('ann')).toMatchObject({ spent30: { value: 60, source: 'computed' } });

    const audience = await api.post('/audiences', { name: 'Good', text: 'trait.spent30 > 100' });
    interface Pulled {
      value: Record<string, unknown>[];
      deltaLink: string;
    }
    const pull = async (link: string): Promise<Pulled> => (await api.get(link)).data;
    const members = async (): Promise<number> =>
      (await api.get(`/audiences/${audience.data.id}`)).data.members;
    await until('evaluated', async () => (await api.get(`/audiences/${audience.data.id}`)).data.asOf);
    expect(await members()).toBe(0);
    const { deltaLink } = await pull(`/audiences/${audience.data.id}/members?fields=traits.spent30`);

    await order('ann', 40.01, 1);
    await until('entry', async () => (await members()) === 1);
    expect(await traitsOf('ann')).toMatchObject({ spent30: { value: 100.01 } });
    const { id } = (await api.get('/profiles', { params: { namespace: 'user_id', value: 'ann' } })).data
      .data[0];
    const entered = await pull(deltaLink);
    expect(entered.value).toEqual([expect.objectContaining({ id, 'traits.spent30': 100.01 })]);
    const preview = await api.post('/audiences/preview', { text: 'trait.spent30 = 100.01' });
    expect(preview.data).toMatchObject({ count: 1, sample: [id] });
    const said = await api.get(`/profiles/${id}/traits`);
    expect(said.data.data).toMatchObject([{ name: 'spent30', value: 100.01, said: [{ counts: true }] }]);

    // The older order is 30 days old now, and one millisecond.
    clock.advance(29 * DAY + 1);
    await until('exit', async () => (await members()) === 0);
    expect(await traitsOf('ann')).toMatchObject({ spent30: { value: 40.01 } });
    const left = await pull(entered.deltaLink);
    expect(left.value).toEqual([expect.objectContaining({ id, '@removed': { reason: 'exited' } })]);
  }, 120_000);

  it('is told every mistake with its place, and keeps others from being overwritten', async () => {
    const refused = await api.post('/computed-traits', {
      key: 'x',
      definition: {
        version: 1,
        event: { name: '', within: { last: '1 month' }, measure: { median: 'revenue' } },
      },
    });
    expect(refused.status).toBe(422);
    expect(refused.data.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/definition/event/name',
      '/definition/event/within/last',
      '/definition/event/measure/median',
      '/definition/event/measure',
    ]);
    const typed = await api.post('/computed-traits', { key: 'x', text: 'event("A").mostFrequnt(category)' });
    expect(typed.data.errors).toEqual([
      expect.objectContaining({
        pointer: '/text',
        message: expect.stringMatching(/^line 1, column 12: .*mostFrequent/),
      }),
    ]);
    expect((await api.post('/computed-traits', { key: 'a.b', text: 'event("A").count' })).status).toBe(422);
    expect((await api.post('/computed-traits', { key: 'consent', text: 'event("A").count' })).status).toBe(
      422,
    );
    expect((await api.post('/computed-traits', { key: 'spent30', text: 'event("A").count' })).status).toBe(
      409,
    );

    const put = (headers: object): Promise<{ status: number; data: Record<string, unknown> }> =>
      api.put('/computed-traits/spent30', { text: 'event("Order Completed").count' }, { headers });
    expect((await put({})).status).toBe(428);
    expect((await put({ 'if-match': '"9"' })).status).toBe(412);
    expect(await put({ 'if-match': '"1"' })).toMatchObject({ status: 200, data: { definitionVersion: 2 } });
    await until('recomputed', async () => (await api.get('/computed-traits/spent30')).data.state === 'ready');
    expect(await traitsOf('ann')).toMatchObject({ spent30: { value: 2 } });
    expect((await api.delete('/computed-traits/spent30')).data).toMatchObject({
      status: 409,
      code: 'in-use',
    });
  });

  it('deletes one, and it is gone everywhere', async () => {
    expect(
      (await api.post('/computed-traits', { key: 'ltv', text: 'event("Order Completed").sum(revenue)' }))
        .status,
    ).toBe(201);
    await until('value', async () => (await traitsOf('ann')).ltv);
    expect((await api.get('/computed-traits')).data.data).toMatchObject([{ key: 'ltv' }, { key: 'spent30' }]);
    expect((await api.delete('/computed-traits/ltv')).status).toBe(204);
    expect((await api.get('/computed-traits/ltv')).status).toBe(404);
    await until('gone', async () => !(await traitsOf('ann')).ltv);
    await until(
      'gone from sets',
      async () => (await api.post('/audiences/preview', { text: 'trait.ltv exists' })).data.count === 0,
    );
  });
});
