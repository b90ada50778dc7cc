import Redis from 'ioredis';
import { type Call, poll, send, type StoryContext } from '@percorso/demo';
import { type HubHandle, startHub } from './harness';
import { World } from './world';

/** Long stories (nightly) kill more often. */
const KILLS = Number(process.env.PERCORSO_JOURNEY_KILLS ?? 4);
const PERSONS = 60 * KILLS;
const WAIT_MS = 2000;

/** Two messages with a wait before each: what is lost, sent early or sent twice shows at the sink. */
const twoMessages = (connector: string): object => {
  const message = (which: string): object => ({
    jsonata: `{"to": profile.traits.email, "subject": "${which}", "text": "-"}`,
  });
  return {
    version: 1,
    entries: [{ event: { name: 'Go' } }],
    start: 'wait',
    steps: {
      wait: { wait: { for: `${WAIT_MS / 1000}s` }, next: 'first' },
      first: { send: { connector, content: message('first') }, next: 'again' },
      again: { wait: { for: `${WAIT_MS / 1000}s` }, next: 'second' },
      second: { send: { connector, content: message('second') } },
    },
  };
};

describe('journeys under faults', () => {
  let world: World;
  let context: StoryContext;
  let connector: string;
  let journey: string;
  let tag = 0;
  let workers: HubHandle[] = [];

  beforeAll(async () => {
    // It takes events in and leaves all work to the others.
    world = await World.start({ PERCORSO_ROLES: 'api,ingest' });
  });
  afterAll(() => world?.stop());

  beforeEach(async () => {
    context = await world.workspace(0);
    tag += 1;
    connector = (
      await context.admin.post<{ id: string }>('/v1/connectors', {
        plugin: 'smtp',
        name: 'Mail',
        settings: { host: world.sink.host, port: world.sink.port, security: 'none', from: 'a@shop.example' },
      })
    ).id;
    const definition = twoMessages(connector);
    ({ id: journey } = await context.admin.post<{ id: string }>('/v1/journeys', {
      name: 'Faults',
      definition,
    }));
    await context.admin.post(`/v1/journeys/${journey}/publish`, {}, { headers: { 'if-match': '*' } });
    workers = await Promise.all([startWorker(), startWorker()]);
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
  });

  const startWorker = (): Promise<HubHandle> =>
    startHub({ engines: world.engines, roles: ['worker'], env: { PERCORSO_ROOT_KEY: world.rootKey } });

  const calls = (from: number, to: number): Call[] =>
    Array.from({ length: to - from }, (_, index) => from + index).flatMap((n): Call[] => [
      {
        type: 'identify',
        messageId: `i-${tag}-${n}`,
        timestamp: new Date(),
        userId: `u-${n}`,
        traits: { email: `u${n}.${tag}@shop.example` },
        context: { consent: { categoryPreferences: { email: true } } },
      },
      {
        type: 'track',
        messageId: `t-${tag}-${n}`,
        timestamp: new Date(),
        userId: `u-${n}`,
        event: 'Go',
        properties: {},
      },
    ]);

  const accept = async (some: Call[]): Promise<void> => {
    expect(await send(context.hubUrl, context.writeKey, some)).toMatchObject({ failed: 0 });
  };

  const completed = async (): Promise<number> => {
    const [row] = await world.sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM percorso.journey_instance
       WHERE workspace_id = $1 AND journey_id = $2 AND end_reason = 'completed'`,
      [context.workspaceId, journey],
    );
    return row!.count;
  };

  /** Everybody went the whole way, and each message was asked for once and not before its time. */
  async function expectWhole(persons: number): Promise<void> {
    await poll(completed, (count) => count === persons, {
      what: 'everybody to be through',
      timeoutMs: 150_000 + KILLS * 10_000,
    });
    const effects = await world.sql<{ person: number; subject: string; at: Date; recorded: Date }>(
      `SELECT person, payload->>'subject' AS subject, changed_at AS at, created_at AS recorded FROM percorso.effect
       WHERE workspace_id = $1 AND key LIKE 'journey:%' ORDER BY person, changed_at`,
      [context.workspaceId],
    );
    expect(effects).toHaveLength(2 * persons);
    const entries = await world.sql<{ person: number; at: Date }>(
      'SELECT person, entered_at AS at FROM percorso.journey_instance WHERE workspace_id = $1 ORDER BY person',
      [context.workspaceId],
    );
    expect(entries).toHaveLength(persons);
    const early = entries.filter(({ person, at }) => {
      const own = effects.filter((effect) => effect.person === person);
      const due = [at.getTime() + WAIT_MS, at.getTime() + 2 * WAIT_MS];
      return !own.every(
        ({ subject, at: moment, recorded }, index) =>
          subject === ['first', 'second'][index] && moment.getTime() >= due[index]! && recorded >= moment,
      );
    });
    expect(early).toEqual([]);
  }

  it(
    `${KILLS} times a worker is killed under load, of two: no wait is early, lost, or ends twice`,
    async () => {
      const share = PERSONS / KILLS;
      for (let kill = 0; kill < KILLS; kill++) {
        await accept(calls(kill * share, (kill + 1) * share));
        // One of them is in the middle of it; duplicates come too.
        await accept(calls(kill * share, kill * share + 10));
        await poll(
          async () =>
            (
              await world.sql('SELECT FROM percorso.journey_instance WHERE workspace_id = $1', [
                context.workspaceId,
              ])
            ).length,
          (entered) => entered > kill * share,
          { what: 'some to have entered', timeoutMs: 60_000, everyMs: 20 },
        );
        const victim = kill % 2;
        await workers[victim]!.kill('SIGKILL');
        workers[victim] = await startWorker();
      }
      await expectWhole(PERSONS);
    },
    240_000 + KILLS * 30_000,
  );

  it('Redis is flushed and PostgreSQL restarted: nobody is lost on the way', async () => {
    await accept(calls(0, 100));
    const redis = new Redis(world.engines.redisUrl);
    await redis.flushall();
    redis.disconnect();
    await poll(
      async () =>
        (
          await world.sql('SELECT FROM percorso.journey_instance WHERE workspace_id = $1', [
            context.workspaceId,
          ])
        ).length,
      (entered) => entered > 0,
      { what: 'some to have entered', timeoutMs: 60_000, everyMs: 20 },
    );
    await world.engines.restart('postgres');
    await expectWhole(100);
  });
});
