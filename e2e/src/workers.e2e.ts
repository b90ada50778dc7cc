import {
  type Audience,
  type Call,
  createAudience,
  evaluate,
  poll,
  send,
  settled,
  type StoryContext,
} from '@percorso/demo';
import { expectExactMembers, streamPosition } from './exact-members';
import { type HubHandle, startHub } from './harness';
import { startTcpProxy } from './tcp-proxy';
import { World } from './world';

const DAY = 86_400_000;
const PARTITIONS = 8;

/** What one process has of the work on the workspace: partitions of its persons, and whether it applies its log. */
interface Share {
  stream: number[];
  applies: boolean;
}

describe('several workers of one workspace', () => {
  let world: World;
  let context: StoryContext;
  let workers: HubHandle[] = [];
  let serial = 0;

  beforeAll(async () => {
    // It takes events and requests in, and leaves all work to the others.
    world = await World.start({ PERCORSO_ROLES: 'api,ingest' });
  });
  afterAll(() => world?.stop());

  beforeEach(async () => {
    workers = [];
    context = await world.workspace(0);
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
  });

  const startWorker = async (env: NodeJS.ProcessEnv = {}): Promise<HubHandle> => {
    const worker = await startHub({
      engines: world.engines,
      roles: ['worker'],
      env: { PERCORSO_ROOT_KEY: world.rootKey, PERCORSO_PARTITIONS: String(PARTITIONS), ...env },
    });
    workers.push(worker);
    return worker;
  };

  const shareOf = async ({ pid }: HubHandle): Promise<Share> => {
    const rows = await world.sql<{ kind: string; partition: number }>(
      `SELECT l.kind, l.partition FROM percorso.lease l JOIN percorso.worker w ON w.id = l.owner
       WHERE l.workspace_id = $1 AND w.name LIKE '%:' || $2 ORDER BY l.partition`,
      [context.workspaceId, String(pid)],
    );
    return {
      stream: rows.filter(({ kind }) => kind === 'stream').map(({ partition }) => partition),
      applies: rows.some(({ kind }) => kind === 'apply'),
    };
  };

  /** Until these workers have everything between them, each so many partitions. */
  const shared = async (among: readonly HubHandle[], counts: readonly number[]): Promise<void> => {
    await poll(
      () => Promise.all(among.map(shareOf)),
      (shares) =>
        shares
          .map(({ stream }) => stream.length)
          .sort()
          .join() === counts.join() && shares.filter(({ applies }) => applies).length === 1,
      { what: 'the shares', everyMs: 50 },
    );
  };

  const orders = (from: number, to: number): Call[] =>
    Array.from({ length: to - from }, (_, index) => ({
      type: 'track',
      messageId: `o-${++serial}`,
      timestamp: new Date(Date.now() - DAY),
      userId: `u-${from + index}`,
      event: 'Order Completed',
    }));

  const accept = async (calls: Call[]): Promise<void> => {
    expect(await send(context.hubUrl, context.writeKey, calls)).toMatchObject({ failed: 0 });
  };

  const twice = (): Promise<Audience> =>
    createAudience(context, 'Twice', {
      version: 1,
      where: { event: { name: 'Order Completed', measure: 'count', op: 'gte', value: 2 } },
    });

  const ingested = (): Promise<{ head: number; accepted: number; duplicates: number }> =>
    context.admin.get('/v1/ingest');

  /** Until every audience reflects all that was accepted; each event was applied once. */
  const reflected = async (events: number): Promise<void> => {
    await poll(
      () => streamPosition(world, context),
      (pos) => pos >= events,
      { what: 'audiences to reflect the log', everyMs: 50 },
    );
    expect(await ingested()).toMatchObject({ head: events, accepted: events, duplicates: 0, quarantined: 0 });
  };

  const wroteSince = async (partitions: readonly number[], positions: readonly string[]): Promise<boolean> =>
    JSON.stringify(await positionsOf(partitions)) !== JSON.stringify(positions);

  const positionsOf = async (partitions: readonly number[]): Promise<string[]> =>
    (
      await world.sql<{ turn: string }>(
        `SELECT turn FROM percorso.stream_cursor WHERE workspace_id = $1 AND partition = ANY($2) ORDER BY partition`,
        [context.workspaceId, partitions],
      )
    ).map(({ turn }) => turn);

  /** Processes with the right to load the workspace's rows, and at it for a while. */
  const loading = async (): Promise<number> =>
    (
      await world.sql<{ holders: number }>(
        `SELECT count(*)::int AS holders FROM pg_locks l JOIN pg_stat_activity a USING (pid)
         WHERE l.locktype = 'advisory' AND l.granted AND a.xact_start < now() - interval '1 second'
           AND (l.classid::bigint << 32) + l.objid::bigint = hashtextextended($1, 0)`,
        [`percorso:load:${context.workspaceId}:0`],
      )
    )[0]!.holders;

  it('each has a share of the work; one that comes gets its own, one killed in the middle loses it to the others', async () => {
    const [one, two] = [await startWorker(), await startWorker()];
    await shared([one, two], [4, 4]);
    const audience = await twice();
    await evaluate(context, audience);
    await accept(orders(0, 3000));
    await reflected(3000);
    const shares = await Promise.all([one, two].map(shareOf));
    for (const { stream } of shares)
      expect(
        await wroteSince(
          stream,
          stream.map(() => '1'),
        ),
      ).toBe(true);

    const three = await startWorker();
    await shared([one, two, three], [2, 3, 3]);
    const sending = accept(orders(0, 3000));
    const applying = (await shareOf(one)).applies ? one : (await shareOf(two)).applies ? two : three;
    await poll(ingested, ({ accepted }) => accepted > 3000, { everyMs: 5 });
    await applying.kill('SIGKILL');
    const rest = workers.filter((worker) => worker !== applying);
    await shared(rest, [4, 4]);
    await sending;
    await reflected(6000);
    const deltas = await expectExactMembers(world, context, audience, 3000);
    expect(deltas).toHaveLength(3000);
    expect(new Set(deltas.map(({ kind }) => kind))).toEqual(new Set(['event']));
  });

  it('one that slept while its share went to another writes nothing when it wakes, and gets a share anew', async () => {
    const [sleeper, other] = [await startWorker(), await startWorker()];
    await shared([sleeper, other], [4, 4]);
    const audience = await twice();
    await evaluate(context, audience);
    await accept(orders(0, 2000));
    await reflected(2000);
    // It falls asleep with work in hand, wherever in a transaction that finds it.
    const sending = accept(orders(0, 2000));
    await poll(ingested, ({ head }) => head > 2000, { everyMs: 5 });
    process.kill(sleeper.pid, 'SIGSTOP');
    await shared([other], [8]);
    await sending;
    await reflected(4000);
    const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    const before = await positionsOf(all);
    process.kill(sleeper.pid, 'SIGCONT');
    await shared([sleeper, other], [4, 4]);
    expect(await positionsOf(all)).toEqual(before);
    expect(await expectExactMembers(world, context, audience, 2000)).toHaveLength(2000);
    await accept(orders(2000, 2500));
    await accept(orders(2000, 2500));
    await reflected(5000);
    expect(await expectExactMembers(world, context, audience, 2500)).toHaveLength(2500);
  });

  it('one that fell asleep while it loads ClickHouse keeps nobody from it, and adds nothing when it wakes', async () => {
    const proxy = await startTcpProxy(world.engines.clickhouseUrl);
    try {
      const sleeper = await startWorker({ CLICKHOUSE_URL: proxy.url });
      await accept(orders(0, 500));
      await settled(context, 500);
      proxy.stall();
      await accept(orders(0, 500));
      await poll(loading, (holders) => holders > 0, { what: 'somebody to load', everyMs: 20 });
      process.kill(sleeper.pid, 'SIGSTOP');
      await startWorker();
      await settled(context, 1000);
      proxy.open();
      process.kill(sleeper.pid, 'SIGCONT');
      await accept(orders(500, 600));
      await settled(context, 1100);
      // Of a row that came twice the set would tell.
      const exactly = await createAudience(context, 'Exactly twice', {
        version: 1,
        where: { event: { name: 'Order Completed', measure: 'count', op: 'eq', value: 2 } },
      });
      await evaluate(context, exactly);
      await expectExactMembers(world, context, exactly, 500);
    } finally {
      proxy.open();
      await Promise.all(workers.map((worker) => worker.stop()));
      workers = [];
      await proxy.stop();
    }
  });

  it('one that is stopped hands over at once, in the middle of the work', async () => {
    const [one, two] = [await startWorker(), await startWorker()];
    await shared([one, two], [4, 4]);
    const audience = await twice();
    await evaluate(context, audience);
    await accept(orders(0, 2000));
    const sending = accept(orders(0, 2000));
    await poll(ingested, ({ head }) => head > 2000, { everyMs: 5 });
    const stopping = one.kill('SIGTERM');
    await shared([two], [8]);
    expect(await stopping).toBe(0);
    // Given back by itself, not taken over when it was thought dead: of the dead a row stays for a minute.
    const left = await world.sql<{ name: string }>('SELECT name FROM percorso.worker WHERE name LIKE $1', [
      `%:${one.pid}`,
    ]);
    expect(left).toEqual([]);
    await sending;
    await reflected(4000);
    const deltas = await expectExactMembers(world, context, audience, 2000);
    expect(deltas).toHaveLength(2000);
  });
});
