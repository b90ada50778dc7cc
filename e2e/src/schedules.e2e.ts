import axios from 'axios';
import { admin, type HubHandle, releaseEngines, startHub, waitFor } from './harness';

interface Schedule {
  nextRunAt: string | null;
  version: number;
  lastRun: {
    dueAt: string;
    at: string;
    evaluation: { id: string; state: string; asOf: { pos: number } | null; drift: number | null };
  } | null;
}

const ANYBODY = { version: 1, where: { event: { name: 'Bought' } } };

describe('an admin who schedules evaluations', () => {
  let hub: HubHandle;
  let key: string;
  let writeKey: string;
  let path: string;

  beforeAll(async () => {
    hub = await startHub();
    const root = admin(hub.url, hub.rootKey);
    key = (await root.post<{ adminKey: string }>('/v1/workspaces', { name: 'Shop' })).adminKey;
    writeKey = (await api().post<{ key: string }>('/v1/write-keys', { name: 'Web' })).key;
    const audience = await api().post<{ id: string }>('/v1/audiences', { name: 'A', definition: ANYBODY });
    path = `/v1/audiences/${audience.id}/schedule`;
  });
  afterAll(async () => {
    await hub?.stop();
    await releaseEngines();
  });

  const api = () => admin(hub.url, key);
  const put = (body: object, ifMatch?: string) =>
    api().http.put(path, body, { headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } });
  const schedule = (): Promise<Schedule> => api().get<Schedule>(path);
  const buy = (messageId: string) =>
    axios.post(
      `${hub.url}/v1/track`,
      { messageId, userId: 'ann', event: 'Bought' },
      { auth: { username: writeKey, password: '' }, proxy: false },
    );

  it.each([
    [{}, [['', 'one-of']]],
    [{ cron: '0 6 * * *', afterIngest: { quiet: '5m', atMost: '1h' } }, [['', 'one-of']]],
    [
      { cron: '0 25 * * *', zone: 'Europe/Roma' },
      [
        ['/cron', 'cron'],
        ['/zone', 'zone'],
      ],
    ],
    [{ cron: '*/10 * * * * *' }, [['/cron', 'cron-fields']]],
    [{ cron: '0 0 31 4 *' }, [['/cron', 'cron-never']]],
    [
      { cron: 6 },
      [
        ['/cron', 'max-length'],
        ['/cron', 'is-string'],
      ],
    ],
    [
      { afterIngest: { quiet: 'soon', atMost: '32d' } },
      [
        ['/afterIngest/quiet', 'duration'],
        ['/afterIngest/atMost', 'duration'],
      ],
    ],
    [{ afterIngest: { quiet: '5m', atMost: '1h' }, zone: 'Europe/Rome' }, [['/zone', 'zone-without-cron']]],
    [{ cron: '0 6 * * *', often: true }, [['/often', 'unknown-field']]],
  ])('is told what is wrong with %j', async (body, errors) => {
    const { status, data } = await put(body);
    expect(status).toBe(422);
    const found = data.errors as { pointer: string; code: string }[];
    expect(found.map(({ pointer, code }) => [pointer, code]).sort()).toEqual([...errors].sort());
  });

  it('edits by version, as everywhere', async () => {
    expect((await api().http.get(path)).status).toBe(404);
    expect((await put({ cron: '0 6 * * *' }, '"1"')).status).toBe(412);
    const made = await put({ cron: '0 6 * * *', zone: 'Europe/Rome' });
    expect(made).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    expect(made.data).toMatchObject({ zone: 'Europe/Rome', lastRun: null });
    expect((await put({ cron: '0 7 * * *' })).status).toBe(428);
    expect((await put({ cron: '0 7 * * *' }, '"2"')).status).toBe(412);
    expect((await put({ cron: '0 7 * * *' }, '"1"')).headers.etag).toBe('"2"');
    expect((await api().http.delete(path)).status).toBe(428);
    expect((await api().http.delete(path, { headers: { 'if-match': '"2"' } })).status).toBe(204);
    expect((await api().http.get(path)).status).toBe(404);
  });

  it('finds the audience evaluated after ingest', async () => {
    const { data } = await put({ afterIngest: { quiet: '1s', atMost: '1s' } });
    expect(data).toMatchObject({ nextRunAt: null, lastRun: null });
    await buy('m1');
    const { lastRun } = await waitFor(
      async () => {
        const now = await schedule();
        return now.lastRun?.evaluation.state === 'done' && now;
      },
      { what: 'the run' },
    );
    expect(lastRun?.evaluation.asOf).toMatchObject({ pos: 1 });
    expect(Date.parse(lastRun?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(lastRun?.dueAt ?? ''));
  });

  it('finds it evaluated on the minute, though the hub was killed before', async () => {
    const { version } = await schedule();
    const { data } = await put({ cron: '* * * * *' }, `"${version}"`);
    const due = (data as Schedule).nextRunAt ?? '';
    await hub.kill('SIGKILL');
    await hub.restart();
    const { lastRun } = await waitFor(
      async () => {
        const now = await schedule();
        return now.lastRun?.dueAt === due && now.lastRun.evaluation.state === 'done' && now;
      },
      { what: 'the run' },
    );
    const late = Date.parse(lastRun?.at ?? '') - Date.parse(due);
    expect(late).toBeGreaterThanOrEqual(0);
    const { data: evaluation } = await api().http.get(`/v1/evaluations/${lastRun?.evaluation.id}`);
    expect(evaluation).toMatchObject({ state: 'done', error: null });
  });
});
