import { Client } from 'pg';
import {
  type Audience,
  type Call,
  createAudience,
  evaluate,
  ingest,
  type IngestStatus,
  poll,
  send,
  settled,
  type StoryContext,
} from '@percorso/demo';
import { type Delta, expectExactMembers, streamPosition } from './exact-members';
import { admin, type HubHandle, startHub } from './harness';
import { startTcpProxy, type TcpProxy } from './tcp-proxy';
import { World } from './world';

const PEOPLE = 1500;
const DAY = 86_400_000;
/** How long ClickHouse is away: seconds here, minutes at night. */
const AWAY_MS = Number(process.env.PERCORSO_AWAY_SECONDS ?? 3) * 1000;

const bought = (value: number): object => ({
  event: { name: 'Order Completed', within: { last: '30d' }, measure: 'count', op: 'gte', value },
});
const definition = (where: object): object => ({ version: 1, where });
const SPENT = 'event("Order Completed").sum(revenue)';
const spenders = definition({ trait: { path: 'spent', op: 'gte', value: 28 } });
const everyone = definition({ trait: { path: 'vip', op: 'exists', value: true } });

interface Hold {
  release(): Promise<void>;
}

describe('audiences under faults', () => {
  let world: World;
  let context: StoryContext;
  let serial = 0;

  beforeAll(async () => {
    world = await World.start();
  });

  afterAll(() => world?.stop());

  beforeEach(async () => {
    context = await world.workspace(0);
  });

  const order = (person: number, daysAgo = 1): Call => ({
    type: 'track',
    messageId: `o-${++serial}`,
    timestamp: new Date(Date.now() - daysAgo * DAY),
    userId: `u-${person}`,
    event: 'Order Completed',
    properties: { revenue: 7 },
  });
  const orders = (count: number, times = 1, from = 0): Call[] =>
    Array.from({ length: count * times }, (_, index) => order(from + (index % count)));
  const known = (count: number): Call[] =>
    Array.from({ length: count }, (_, index) => ({
      type: 'identify',
      messageId: `i-${++serial}`,
      timestamp: new Date(),
      userId: `u-${index}`,
      traits: { vip: true },
    }));

  const position = (): Promise<number> => streamPosition(world, context);

  /** Until every audience reflects all that was sent. */
  const streamed = (head: number): Promise<number> =>
    poll(position, (pos) => pos >= head, { what: 'audiences to reflect the log', everyMs: 50 });

  const headOf = async (): Promise<number> => (await context.admin.get<{ head: number }>('/v1/ingest')).head;

  const expectExact = (audience: Audience, members: number): Promise<Delta[]> =>
    expectExactMembers(world, context, audience, members);

  const restart = (env: NodeJS.ProcessEnv = {}): Promise<void> =>
    world.startHub({ PORT: new URL(context.hubUrl).port, ...env });

  it('a worker killed in the middle of incremental work: nobody lost, nobody twice', async () => {
    const audience = await createAudience(context, 'Twice', definition(bought(2)));
    await evaluate(context, audience);
    await ingest(context, orders(PEOPLE));
    // Stalled until all of it waits: the kill finds the worker with work before it and behind it.
    const stream = await holdStream();
    await send(context.hubUrl, context.writeKey, orders(PEOPLE, 3));
    const head = 4 * PEOPLE;
    await poll(
      () => context.admin.get<{ applied: number }>('/v1/ingest'),
      ({ applied }) => applied === head,
    );
    const before = await position();
    await stream.release();
    await poll(position, (pos) => pos > before, { everyMs: 2 });
    await world.killHub();
    expect(await position()).toBeLessThan(head);
    await restart();
    await streamed(head);
    const deltas = await expectExact(audience, PEOPLE);
    expect(deltas).toHaveLength(PEOPLE);
    expect(new Set(deltas.map(({ kind }) => kind))).toEqual(new Set(['event']));
  });

  it('a worker killed in the middle of a set evaluation: the next one writes what is missing', async () => {
    await ingest(context, known(2500));
    // Whatever a new workspace needs the lock for is done: only the evaluation will wait for it.
    await poll(partitions, (count) => count === 8, { what: 'the partitions of a new workspace' });
    const first = await holdStream();
    const audience = await createAudience(context, 'Everyone', everyone);
    const held = await passing(first, async () => ((await evaluationOf(audience)())?.entered ?? 0) > 0);
    expect(await evaluationOf(audience)()).toMatchObject({ state: 'running', entered: 1000 });
    await world.killHub();
    await held.release();
    // The lease of the dead ends by itself after minutes.
    await world.sql(`UPDATE percorso.evaluation SET lease_until = now() WHERE audience_id = $1`, [
      audience.id,
    ]);
    await restart();
    await poll(evaluationOf(audience), (row) => row?.state === 'done');
    expect(await expectExact(audience, 2500)).toHaveLength(2500);
  });

  it('a worker killed while it writes values of a computed trait, as a set and by events: none lost, none written twice', async () => {
    const [people, audience] = [2500, await createAudience(context, 'Spenders', spenders)];
    await ingest(context, orders(people));
    await poll(partitions, (count) => count === 8, { what: 'the partitions of a new workspace' });
    await evaluate(context, audience);
    const first = await holdStream();
    await context.admin.post('/v1/computed-traits', { key: 'spent', text: SPENT });
    const held = await passing(first, async () => (await values())[0]?.spent === '7');
    expect(await values()).toEqual([
      { spent: '7', persons: 1000 },
      { spent: null, persons: people - 1000 },
    ]);
    const before = await profileVersions();
    await world.killHub();
    await held.release();
    await world.sql(`UPDATE percorso.computed_trait SET lease_until = now() WHERE workspace_id = $1`, [
      context.workspaceId,
    ]);
    await restart();
    await poll(
      () => context.admin.get<{ state: string }>('/v1/computed-traits/spent'),
      ({ state }) => state === 'ready',
    );
    expect(await values()).toEqual([{ spent: '7', persons: people }]);
    const written = [...(await profileVersions())].map(([person, version]) => version - before.get(person)!);
    expect(written.filter((times) => times === 1)).toHaveLength(people - 1000);
    expect(written.filter((times) => times === 0)).toHaveLength(1000);

    const stream = await holdStream();
    await send(context.hubUrl, context.writeKey, orders(PEOPLE, 3));
    const head = people + 3 * PEOPLE;
    await poll(
      () => context.admin.get<{ applied: number }>('/v1/ingest'),
      ({ applied }) => applied === head,
    );
    await stream.release();
    const at = await position();
    await poll(position, (pos) => pos > at, { everyMs: 2 });
    await world.killHub();
    expect(await position()).toBeLessThan(head);
    await restart();
    await streamed(head);
    expect(await values()).toEqual([
      { spent: '28', persons: PEOPLE },
      { spent: '7', persons: people - PEOPLE },
    ]);
    expect(await expectExact(audience, PEOPLE)).toHaveLength(PEOPLE);
  });

  it('one of two hubs killed: the other goes on, and what it keeps in memory is right', async () => {
    const audience = await createAudience(context, 'Thrice', definition(bought(3)));
    await evaluate(context, audience);
    let second: HubHandle | undefined = await startHub({
      engines: world.engines,
      env: { PERCORSO_ROOT_KEY: world.rootKey },
    });
    try {
      await ingest(context, orders(300));
      for (let round = 0; round < 3; round++) await ingest(context, orders(100, 1, round * 100));
      await send(context.hubUrl, context.writeKey, orders(300));
      await second.kill('SIGKILL');
      await second.stop();
      second = undefined;
      await settled(context, await headOf());
      await streamed(await headOf());
      expect(await expectExact(audience, 300)).toHaveLength(300);
      await ingest(context, orders(400, 3, 200));
      await streamed(await headOf());
      expect(await expectExact(audience, 600)).toHaveLength(600);
    } finally {
      await second?.stop();
    }
  });

  it(
    `ClickHouse away for ${AWAY_MS / 1000} s: events and audiences go on, new audiences follow when it is back`,
    async () => {
      const audience = await createAudience(context, 'Once', definition(bought(1)));
      await evaluate(context, audience);
      const proxy: TcpProxy = await startTcpProxy(world.engines.clickhouseUrl);
      try {
        await restart({ CLICKHOUSE_URL: proxy.url });
        await ingest(context, orders(200));
        proxy.cut();
        const back = Date.now() + AWAY_MS;
        const late = await createAudience(context, 'Late', definition({ not: bought(3) }));
        let people = 200;
        for (; people < 400 || Date.now() < back; people += 50) {
          await send(context.hubUrl, context.writeKey, [...orders(50, 1, people), ...orders(50)]);
          await streamed(await headOf());
          expect(await membersOf(audience)).toBe(people + 50);
          await new Promise((resolve) => setTimeout(resolve, AWAY_MS / 60));
        }
        expect(await evaluationOf(late)()).not.toMatchObject({ state: 'done' });
        const { head, loaded } = await context.admin.get<IngestStatus>('/v1/ingest');
        expect(loaded).toBe(200);
        proxy.open();
        await poll(evaluationOf(late), (row) => row?.state === 'done');
        await settled(context, head);
        expect(await expectExact(audience, people)).toHaveLength(people);
        // The first fifty ordered again with every wave.
        await expectExact(late, people - 50);
      } finally {
        proxy.open();
        await restart();
        await proxy.stop();
      }
    },
    AWAY_MS + 240_000,
  );

  it('PostgreSQL restarted in the middle: every acknowledged event is reflected, once', async () => {
    const audience = await createAudience(context, 'Twice', definition(bought(2)));
    await evaluate(context, audience);
    const sending = send(context.hubUrl, context.writeKey, orders(PEOPLE, 2));
    await poll(position, (pos) => pos > 0, { everyMs: 5 });
    await world.engines.restart('postgres');
    await sending;
    await settled(context, 2 * PEOPLE);
    await streamed(2 * PEOPLE);
    expect(await expectExact(audience, PEOPLE)).toHaveLength(PEOPLE);
    expect(world.hub.running()).toBe(true);
  });

  it('an edit in the middle of an evaluation, of an audience that another one uses: both follow the edit', async () => {
    await ingest(context, [...known(1200), ...orders(600)]);
    const stream = await holdStream();
    const used = await createAudience(context, 'Used', everyone);
    const user = await createAudience(context, 'User', definition({ not: { audience: { id: used.id } } }));
    await poll(waiters, (count) => count > 0, { everyMs: 20 });
    const computed = await evaluationOf(used)();
    expect(computed).toMatchObject({ state: 'running', entered: 0 });
    const api = admin(context.hubUrl, context.admin.key);
    const { version } = await api.get<{ version: number }>(`/v1/audiences/${used.id}`);
    await api.patch(`/v1/audiences/${used.id}`, version, { definition: definition(bought(1)) });
    await send(context.hubUrl, context.writeKey, orders(10, 1, 600));
    await stream.release();
    await settled(context, 1810);
    await streamed(1810);
    for (const audience of [used, user]) await poll(evaluationOf(audience), (row) => row?.state === 'done');
    const first = await context.admin.get(`/v1/evaluations/${computed?.id}`);
    expect(first).toMatchObject({ state: 'failed', entered: 0, exited: 0 });
    expect(await expectExact(used, 610)).toHaveLength(610);
    await expectExact(user, 590);
  });

  it('drift is healed, shown by the evaluation, and counted', async () => {
    await ingest(context, orders(20));
    const audience = await createAudience(context, 'Once', definition(bought(1)));
    await evaluate(context, audience);
    await expectExact(audience, 20);
    const tampered = await world.sql(
      `UPDATE percorso.membership SET member = false WHERE audience_id = $1 AND person IN
         (SELECT person FROM percorso.membership WHERE audience_id = $1 AND member ORDER BY person LIMIT 3)
       RETURNING person`,
      [audience.id],
    );
    expect(tampered).toHaveLength(3);
    const before = await driftCounted();
    const found = await evaluate(context, audience);
    expect(found).toMatchObject({ members: 20, drift: 3 });
    expect(await context.admin.get(`/v1/evaluations/${found.id}`)).toMatchObject({
      drift: 3,
      entered: 3,
      exited: 0,
    });
    expect(await driftCounted()).toBe(before + 3);
    expect(await evaluate(context, audience)).toMatchObject({ drift: 0 });
  });

  const driftCounted = async (): Promise<number> => {
    const { data } = await admin(context.hubUrl, world.rootKey).http.get<string>('/metrics');
    return Number(/^percorso_audience_drift_total (\d+)/m.exec(data)?.[1] ?? NaN);
  };

  const evaluationOf =
    (audience: Audience) => async (): Promise<{ id: string; state: string; entered: number } | undefined> =>
      (
        await world.sql<{ id: string; state: string; entered: number }>(
          `SELECT id, state, coalesce(entered, 0)::int AS entered FROM percorso.evaluation
           WHERE audience_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1`,
          [audience.id],
        )
      )[0];

  /** How many persons have which value of the trait `spent`. */
  const values = (): Promise<{ spent: string | null; persons: number }[]> =>
    world.sql(
      `SELECT computed -> 'spent' ->> 'number' AS spent, count(*)::int AS persons FROM percorso.profile
       WHERE workspace_id = $1 GROUP BY 1 ORDER BY 1 NULLS LAST`,
      [context.workspaceId],
    );

  const profileVersions = async (): Promise<Map<number, number>> => {
    const rows = await world.sql<{ person: number; version: number }>(
      'SELECT person, version::int AS version FROM percorso.profile WHERE workspace_id = $1',
      [context.workspaceId],
    );
    return new Map(rows.map(({ person, version }) => [person, version]));
  };

  const membersOf = async ({ id }: Audience): Promise<number> =>
    (
      await world.sql<{ members: number }>(
        'SELECT count(*)::int AS members FROM percorso.membership WHERE audience_id = $1 AND member',
        [id],
      )
    )[0]!.members;

  const partitions = async (): Promise<number> =>
    (
      await world.sql<{ count: number }>(
        `SELECT count(*)::int AS count FROM percorso.lease WHERE workspace_id = $1 AND kind = 'stream'`,
        [context.workspaceId],
      )
    )[0]?.count ?? 0;

  const waiters = async (): Promise<number> =>
    (
      await world.sql<{ count: number }>(
        `SELECT count(*)::int AS count FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
           AND (classid::bigint << 32) + objid::bigint = hashtextextended($1, 0)`,
        [`percorso:stream:${context.workspaceId}`],
      )
    )[0]?.count ?? 0;

  /** The right to change memberships of the workspace, from a process that does nothing with it. */
  const holdStream = async (): Promise<Hold> => {
    const client = new Client({ connectionString: world.engines.databaseUrl });
    await client.connect();
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [
      `percorso:stream:${context.workspaceId}`,
    ]);
    return { release: () => client.end() };
  };

  /** Let whoever waits for that right pass, one transaction at a time, until something is reached. */
  const passing = async (first: Hold, reached: () => Promise<boolean>): Promise<Hold> => {
    let held = first;
    while (!(await reached())) {
      await poll(waiters, (count) => count > 0, { everyMs: 20 });
      // PostgreSQL hands locks over in the order asked for.
      const next = holdStream();
      await poll(waiters, (count) => count > 1, { everyMs: 20 });
      await held.release();
      held = await next;
    }
    return held;
  };
});
