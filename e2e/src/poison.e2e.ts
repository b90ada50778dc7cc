import { admin, type Admin, waitFor } from './harness';
import { World } from './world';

/** Rows of the run; `npm run nightly` takes 10,000. */
const ROWS = Number(process.env.PERCORSO_POISONED_AMONG ?? 2000);
const POISONED = Math.floor(ROWS / 3);
const BATCH = 250;
/** Generous: a busy machine is no failure. */
const DEADLINE = { timeoutMs: 200_000, everyMs: 250 };

interface Letter {
  id: string;
  state: string;
  pointer: string;
  profileId: string;
}

interface Run {
  state: string;
  counts: Record<string, number>;
}

describe(`one poisoned row among ${ROWS}`, () => {
  let world: World;
  let api: Admin;
  let mapping: string;
  let sync: string;
  let run: string;
  let letter: Letter;

  const emailOf = (person: number): string => `p${person}@poison.example`;
  const letters = async (): Promise<Letter[]> => (await api.get<{ data: Letter[] }>('/v1/dead-letters')).data;
  const written = async (): Promise<string[]> =>
    (await world.twin.journal()).map(({ key }) => String(key.email)).filter((one) => one.includes('@poison'));

  beforeAll(async () => {
    world = await World.start();
    const root = admin(world.hub.url, world.rootKey);
    const settings = { allowPrivateNetwork: true };
    const { adminKey } = await root.post<{ adminKey: string }>('/v1/workspaces', { name: 'Shop', settings });
    api = admin(world.hub.url, adminKey);
    const { key } = await api.post<{ key: string }>('/v1/write-keys', { name: 'Web' });
    const people = Array.from({ length: ROWS }, (_, index) => ({
      messageId: `m${index}`,
      type: 'identify',
      userId: `u${index}`,
      // Campaign takes last names of 50 characters.
      traits: { email: emailOf(index), lastName: index === POISONED ? 'x'.repeat(60) : `Nr ${index}` },
    }));
    const auth = { auth: { username: key, password: '' }, headers: { authorization: undefined } };
    for (let from = 0; from < ROWS; from += BATCH) {
      await api.post('/v1/batch', { batch: people.slice(from, from + BATCH) }, auth);
    }
    const made = async (path: string, body: object): Promise<string> =>
      (await api.post<{ id: string }>(path, body)).id;
    const text = 'trait.lastName exists';
    const audienceId = await made('/v1/audiences', { name: 'All', text });
    await waitFor(
      async () => (await api.get<{ members: number }>(`/v1/audiences/${audienceId}`)).members === ROWS,
      { ...DEADLINE, what: 'everybody in the audience' },
    );
    const connectorId = await made('/v1/connectors', {
      plugin: 'adobe-campaign-classic',
      name: 'Campaign',
      settings: { url: world.twin.url, ...world.twinLogin },
    });
    mapping = await made('/v1/mappings', {
      name: 'M',
      required: ['email'],
      expression: '{"email": profile.traits.email, "lastName": profile.traits.lastName}',
    });
    sync = await made('/v1/syncs', { name: 'S', audienceId, connectorId, mappingId: mapping });
    run = (await api.post<{ run: { id: string } }>(`/v1/syncs/${sync}/run`)).run.id;
  }, 240_000);
  afterAll(() => world?.stop());

  it('lets all others through, and is one dead letter with its field', async () => {
    const done = await waitFor(
      async () => {
        const now = await api.get<Run>(`/v1/runs/${run}`);
        return now.state === 'done' && now;
      },
      { ...DEADLINE, what: 'the run' },
    );
    expect(done.counts).toMatchObject({ planned: ROWS, accepted: ROWS - 1, rejected: 1 });
    const told = await written();
    expect(new Set(told).size).toBe(ROWS - 1);
    expect(told).not.toContain(emailOf(POISONED));
    const found = await letters();
    expect(found).toMatchObject([{ state: 'rejected', pointer: '/lastName' }]);
    letter = found[0]!;
  });

  it('is seen mended before the mapping is saved', async () => {
    const expression =
      '{"email": profile.traits.email, "lastName": $substring(profile.traits.lastName, 0, 50)}';
    const preview = await api.post(`/v1/dead-letters/${letter.id}/preview`, { expression });
    expect(preview).toMatchObject({ payload: { lastName: 'x'.repeat(50) }, changed: ['/lastName'] });
    const put = await api.http.put(
      `/v1/mappings/${mapping}`,
      { expression, required: ['email'] },
      { headers: { 'if-match': '"1"' } },
    );
    expect(put.status).toBe(200);
  });

  it('is replayed, and all are there once', async () => {
    const replay = await api.post<{ id: string }>('/v1/dead-letters/replay', {
      syncId: sync,
      rowsPerSecond: 10,
    });
    const accepted = async (): Promise<boolean> => {
      const view = await api.get<Run>(`/v1/replays/${replay.id}`);
      return view.state === 'done' && view.counts.accepted === 1;
    };
    await waitFor(accepted, { ...DEADLINE, what: 'the replay' });
    expect(await api.get(`/v1/replays/${replay.id}`)).toMatchObject({
      state: 'done',
      replayed: 1,
      dropped: 0,
      skipped: 0,
    });
    const path = `/v1/syncs/${sync}/reconciliation`;
    await waitFor(async () => (await api.get<{ accepted: number }>(path)).accepted === ROWS, {
      ...DEADLINE,
      what: 'the mended row',
    });
    const told = await written();
    expect(told).toHaveLength(ROWS);
    expect(new Set(told).size).toBe(ROWS);
    expect(await letters()).toEqual([]);
  });
});
