import Redis from 'ioredis';
import {
  type Audience,
  type Call,
  connectCampaign,
  connectSmtp,
  createAudience,
  evaluate,
  ingest,
  poll,
  type Run,
  runSync,
  type StoryContext,
  type Sync,
} from '@percorso/demo';
import { World } from './world';

const MEMBERS = 900;

const everyone = { version: 1, where: { trait: { path: 'email', op: 'exists', value: true } } };

/** Plain customers: what matters here is how they travel, not who they are. */
const people = (count: number, tag: number, from = 0): Call[] =>
  Array.from({ length: count }, (_, index) => ({
    type: 'identify',
    messageId: `fault-${from + index}`,
    timestamp: new Date(),
    userId: `f-${from + index}`,
    traits: {
      email: `f${from + index}.${tag}@shop.example`,
      firstName: 'Ada',
      lastName: `Nr ${from + index}`,
    },
    context: { consent: { categoryPreferences: { email: true } } },
  }));

describe('faults on the way out', () => {
  let world: World;
  let context: StoryContext;
  let audience: Audience;
  /** Every test has addresses of its own: what the twin holds outlives a workspace. */
  let test = 0;

  beforeAll(async () => {
    world = await World.start();
  });

  afterAll(() => world?.stop());

  beforeEach(async () => {
    context = await world.workspace(0);
    await world.twin.clearFaults();
    await world.sink.clearRules();
    await ingest(context, people(MEMBERS, ++test));
    audience = await createAudience(context, 'Everyone', everyone);
    await evaluate(context, audience);
  });

  const startRun = async (sync: Sync): Promise<string> =>
    (await context.admin.post<{ run: { id: string } }>(`/v1/syncs/${sync.id}/run`)).run.id;

  const untilDone = (run: string): Promise<Run> =>
    poll(
      () => context.admin.get<Run>(`/v1/runs/${run}`).catch(() => undefined),
      (answer) => answer?.state === 'done',
      { what: 'the run' },
    ) as Promise<Run>;

  /** A run under way, with calls that take longer than it takes to see that. */
  const startSlowly = async (sync: Sync): Promise<string> => {
    await world.twin.inject({ kind: 'slow', ms: 2000, probability: 1, methods: ['WriteCollection'] });
    const run = await startRun(sync);
    await poll(
      () => context.admin.get<Run>(`/v1/runs/${run}`),
      ({ counts }) => counts.accepted > 0 && counts.accepted < MEMBERS,
      { what: 'the run to be under way', everyMs: 20 },
    );
    return run;
  };

  /** The twin's own record since `from`: every member once, none twice. */
  const expectEachOnce = async (from: number): Promise<void> => {
    const keys = (await world.twin.journal(from)).map(({ key }) => JSON.stringify(key));
    expect(new Set(keys).size).toBe(MEMBERS);
    expect(keys).toHaveLength(MEMBERS);
  };

  const lastSeq = async (): Promise<number> => (await world.twin.journal()).at(-1)?.seq ?? 0;

  const freshCampaign = async (): Promise<{ sync: Sync; from: number }> => {
    const sync = await connectCampaign(context, audience);
    return { sync, from: await lastSeq() };
  };

  it('a worker killed in the middle loses nothing and sends nothing twice', async () => {
    const { sync, from } = await freshCampaign();
    const run = await startSlowly(sync);
    await world.killHub();
    await world.startHub({ PORT: new URL(context.hubUrl).port });
    await world.twin.clearFaults();
    const { counts } = await untilDone(run);
    expect(counts).toMatchObject({ accepted: MEMBERS, pending: 0, sending: 0, unknown: 0, rejected: 0 });
    await expectEachOnce(from);
  });

  it('Redis flushed in the middle: the run completes', async () => {
    const { sync } = await freshCampaign();
    const run = await startSlowly(sync);
    const redis = new Redis(world.engines.redisUrl);
    await redis.flushall();
    redis.disconnect();
    await world.twin.clearFaults();
    expect((await untilDone(run)).counts).toMatchObject({ accepted: MEMBERS, pending: 0, unknown: 0 });
  });

  it('PostgreSQL restarted in the middle: the hub recovers by itself', async () => {
    const { sync } = await freshCampaign();
    const run = await startSlowly(sync);
    await world.engines.restart('postgres');
    await world.twin.clearFaults();
    expect((await untilDone(run)).counts).toMatchObject({ accepted: MEMBERS, pending: 0, unknown: 0 });
    await ingest(context, people(10, test, MEMBERS));
    expect(world.hub.running()).toBe(true);
  });

  it('faults, 429, 503 and a lost session delay rows, and lose or repeat none', async () => {
    const { sync, from } = await freshCampaign();
    const methods = ['WriteCollection'];
    await world.twin.inject({ kind: 'http429', count: 1, retryAfterSeconds: 1, methods });
    await world.twin.inject({ kind: 'http503', count: 1, methods });
    await world.twin.inject({ kind: 'expireSessions', count: 1, methods });
    await world.twin.inject({ kind: 'dropBeforeAccept', count: 1, methods });
    const { counts } = await runSync(context, sync);
    expect(counts).toMatchObject({ planned: MEMBERS, accepted: MEMBERS, unknown: 0, rejected: 0 });
    const { injected } = await world.twin.counters();
    expect(Object.keys(injected)).toEqual(
      expect.arrayContaining(['http429', 'http503', 'expireSessions', 'dropBeforeAccept']),
    );
    await expectEachOnce(from);
  });

  it('accepted but never answered: unknown, then resolved by asking, not sent again', async () => {
    const { sync, from } = await freshCampaign();
    await world.twin.inject({ kind: 'acceptThenDrop', count: 1, methods: ['WriteCollection'] });
    const { counts } = await runSync(context, sync);
    expect(counts).toMatchObject({ accepted: MEMBERS, unknown: 0 });
    const [{ doubted = 0 } = {}] = await world.sql<{ doubted: number }>(
      `SELECT count(DISTINCT a.effect_id)::int AS doubted FROM percorso.effect_attempt a
       JOIN percorso.effect e ON e.workspace_id = a.workspace_id AND e.id = a.effect_id
       WHERE e.sync_id = $1 AND a.outcome = 'unknown'`,
      [sync.id],
    );
    expect(doubted).toBeGreaterThan(0);
    await expectEachOnce(from);
  });

  it('SMTP accepted but never answered: listed as unknown, never sent again', async () => {
    const sync = await connectSmtp(context, audience);
    await world.sink.inject({ kind: 'acceptThenDrop', recipient: '^f7\\.' });
    const before = (await world.sink.messages()).length;
    const run = await startRun(sync);
    const { counts } = await poll(
      () => context.admin.get<Run>(`/v1/runs/${run}`),
      ({ counts: now }) => now.accepted + now.unknown === MEMBERS,
      { what: 'all messages to be sent' },
    );
    expect(counts).toMatchObject({ accepted: MEMBERS - 1, unknown: 1 });
    const rows = await context.admin.get<{ data: { state: string; reason: string }[] }>(
      `/v1/runs/${run}/dead-letters`,
    );
    expect(rows.data).toEqual([expect.objectContaining({ state: 'unknown' })]);
    const messages = (await world.sink.messages()).slice(before);
    expect(messages).toHaveLength(MEMBERS);
    expect(messages.filter(({ envelope }) => envelope.to[0]?.startsWith('f7.'))).toHaveLength(1);
  });
});
