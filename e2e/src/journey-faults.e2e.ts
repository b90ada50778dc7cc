import Redis from 'ioredis';
import { type Call, poll, Random, send, type StoryContext } from '@percorso/demo';
import { HubEndedEarly, type HubHandle, startHub } from './harness';
import { beyond, type Outage, percentile } from './lateness';
import { TableLock } from './table-lock';
import { World } from './world';

/** Long stories (nightly) kill more often, and hold the lateness against what is promised. */
const KILLS = Number(process.env.PERCORSO_JOURNEY_KILLS ?? 4);
const LATEST_MS = Number(process.env.PERCORSO_JOURNEY_LATEST_MS ?? Infinity);
const SEED = Number(process.env.PERCORSO_SEED);
/** Whoever enters between one kill and the next. */
const SHARE = 60;
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

interface Effect {
  person: number;
  address: string;
  subject: string;
  state: string;
  /** Of the step, and when it was taken up. */
  at: Date;
  recorded: Date;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('journeys under faults', () => {
  const random = new Random(SEED);
  const outages: Outage[] = [];
  let world: World;
  let context: StoryContext;
  let journey: string;
  let workers: HubHandle[] = [];

  beforeAll(async () => {
    // It takes events in and leaves all work to the others.
    world = await World.start({ PERCORSO_ROLES: 'api,ingest' });
    context = await world.workspace(0);
    const { host, port } = world.sink;
    const { id: connector } = await context.admin.post<{ id: string }>('/v1/connectors', {
      plugin: 'smtp',
      name: 'Mail',
      settings: { host, port, security: 'none', from: 'a@shop.example' },
    });
    const definition = twoMessages(connector);
    ({ id: journey } = await context.admin.post<{ id: string }>('/v1/journeys', {
      name: 'Faults',
      definition,
    }));
    await context.admin.post(`/v1/journeys/${journey}/publish`, {}, { headers: { 'if-match': '*' } });
    workers = await Promise.all([startWorker(), startWorker()]);
  });
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await world?.stop();
  });

  /** As a supervisor does: one that found no PostgreSQL is started again. */
  async function startWorker(): Promise<HubHandle> {
    for (let tries = 1; ; tries++) {
      try {
        const env = { PERCORSO_ROOT_KEY: world.rootKey };
        return await startHub({ engines: world.engines, roles: ['worker'], env });
      } catch (error) {
        if (!(error instanceof HubEndedEarly) || tries === 10) throw error;
        await sleep(500);
      }
    }
  }

  const call = (n: number): Call[] => [
    {
      type: 'identify',
      messageId: `i-${n}`,
      timestamp: new Date(),
      userId: `u-${n}`,
      traits: { email: `u${n}@shop.example` },
      context: { consent: { categoryPreferences: { email: true } } },
    },
    {
      type: 'track',
      messageId: `t-${n}`,
      timestamp: new Date(),
      userId: `u-${n}`,
      event: 'Go',
      properties: {},
    },
  ];

  /** A share of persons, little by little; some are said twice. */
  async function load(from: number): Promise<void> {
    for (let n = from; n < from + SHARE; n += 20) {
      const some = Array.from({ length: 20 }, (_, index) => call(n + index)).flat();
      const again = n === from ? some.slice(0, 10) : [];
      expect(await send(context.hubUrl, context.writeKey, [...some, ...again])).toMatchObject({ failed: 0 });
      await sleep(random.between(0, 300));
    }
  }

  /** Something that keeps journeys from going on until it is over. */
  async function during(fault: () => Promise<void>): Promise<void> {
    const from = Date.now();
    await fault();
    outages.push({ from, to: Date.now() });
  }

  const kill = (): Promise<void> =>
    during(async () => {
      const victim = random.between(0, 1);
      await workers[victim]!.kill('SIGKILL');
      workers[victim] = await startWorker();
    });

  const restart = (): Promise<void> => during(() => world.engines.restart('postgres'));

  async function flush(): Promise<void> {
    const redis = new Redis(world.engines.redisUrl);
    await redis.flushall();
    redis.disconnect();
  }

  const completed = async (): Promise<number> => {
    const [row] = await world.sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM percorso.journey_instance
       WHERE workspace_id = $1 AND journey_id = $2 AND end_reason = 'completed'`,
      [context.workspaceId, journey],
    );
    return row!.count;
  };

  const entries = (): Promise<{ person: number; at: Date }[]> =>
    world.sql(
      'SELECT person, entered_at AS at FROM percorso.journey_instance WHERE workspace_id = $1 ORDER BY person',
      [context.workspaceId],
    );

  const effects = (): Promise<Effect[]> =>
    world.sql(
      `SELECT person, address, payload->>'subject' AS subject, state, changed_at AS at, created_at AS recorded
       FROM percorso.effect WHERE workspace_id = $1 AND key LIKE 'journey:%' ORDER BY person, changed_at`,
      [context.workspaceId],
    );

  it(
    `${KILLS} SIGKILLs under load, Redis flushed, PostgreSQL restarted: no wait is early, lost or ends twice (seed ${SEED})`,
    async () => {
      const others = new Map([
        [random.between(0, KILLS - 1), flush],
        [random.between(0, KILLS - 1) + 0.5, restart],
      ]);
      for (let round = 0; round < KILLS; round++) {
        const faults = async (): Promise<void> => {
          await sleep(random.between(0, 1500));
          await others.get(round)?.();
          await Promise.all([kill(), others.get(round + 0.5)?.()]);
        };
        await Promise.all([load(round * SHARE), faults()]);
      }
      const persons = KILLS * SHARE;
      await poll(completed, (count) => count === persons, {
        what: 'everybody to be through',
        timeoutMs: 150_000 + KILLS * 10_000,
      });

      const [entered, sent] = [await entries(), await effects()];
      expect(entered).toHaveLength(persons);
      expect(sent).toHaveLength(2 * persons);
      const own = new Map(entered.map(({ person }) => [person, [] as Effect[]]));
      for (const effect of sent) own.get(effect.person)!.push(effect);
      const waits = entered.map(({ person, at }) => {
        const [first, second] = own.get(person)!;
        return [
          { due: at.getTime() + WAIT_MS, subject: 'first', effect: first! },
          { due: first!.at.getTime() + WAIT_MS, subject: 'second', effect: second! },
        ];
      });
      const wrong = waits
        .flat()
        .filter(
          ({ due, subject, effect: { at, recorded, ...effect } }) =>
            effect.subject !== subject || at.getTime() < due || recorded.getTime() < due,
        );
      expect(wrong).toEqual([]);

      // What arrived: nothing twice, and all that is said to have been taken.
      const arrived = (await world.sink.messages()).map(
        ({ envelope, subject }) => `${subject} ${envelope.to[0]}`,
      );
      expect(new Set(arrived).size).toBe(arrived.length);
      const there = new Set(arrived);
      const accepted = sent.filter(({ state }) => state === 'accepted');
      expect(accepted.filter(({ subject, address }) => !there.has(`${subject} ${address}`))).toEqual([]);

      const late = waits.flat().map(({ due, effect }) => ({ from: due, to: effect.recorded.getTime() }));
      const recovered = late.map((one) => beyond(one, outages));
      const told = (name: string, all: readonly number[]): string =>
        `${name} p50 ${percentile(all, 0.5)} ms, p99 ${percentile(all, 0.99)} ms, at most ${percentile(all, 1)} ms`;
      process.stderr.write(
        `${KILLS} kills (seed ${SEED}), ${late.length} waits. ` +
          `${told(
            'Late:',
            late.map(({ from, to }) => to - from),
          )}; ${told('after recovery:', recovered)}.\n`,
      );
      expect(percentile(recovered, 0.99)).toBeLessThan(LATEST_MS);
    },
    240_000 + KILLS * 30_000,
  );

  interface Simulated {
    id: string;
    state: string;
    persons: number;
    messages: number;
    report: object;
    byStep: object[];
    byConnector: object[];
    byDay: object[];
  }

  const simulated = (id: string): Promise<Simulated> =>
    context.admin.get(`/v1/journeys/${journey}/simulations/${id}`);

  async function simulate(window: object): Promise<string> {
    const asked = { ...window, responses: { recorded: false } };
    return (await context.admin.post<{ id: string }>(`/v1/journeys/${journey}/simulations`, asked)).id;
  }

  const ended = (id: string): Promise<Simulated> =>
    poll(
      () => simulated(id),
      ({ state }) => state !== 'queued' && state !== 'running',
      { what: 'the simulation', timeoutMs: 120_000 },
    );

  it('a SIGKILL while a page of a simulation is walked: it goes on, and tells what one tells that nobody killed', async () => {
    const from = new Date(Date.now() - 3_600_000).toISOString();
    const before = (await entries()).length;
    await load(KILLS * SHARE);
    await poll(entries, ({ length }) => length === before + SHARE, { what: 'entries', timeoutMs: 90_000 });
    const window = { from, until: new Date().toISOString() };
    const whole = await ended(await simulate(window));
    expect(whole).toMatchObject({ state: 'done', persons: before + SHARE });

    const url = world.engines.databaseUrl;
    // The first page is let through when the next one can come no further than what really was sent.
    const [keeping, walking] = await Promise.all([TableLock.connect(url), TableLock.connect(url)]);
    try {
      await keeping.lock('journey_simulation_instance');
      const id = await simulate(window);
      await keeping.stops('INSERT');
      await walking.lock('journey_trace');
      await keeping.release();
      await walking.stops('SELECT instance_id AS id, visit');
      const { state, persons } = await simulated(id);
      expect(state).toBe('running');
      expect(persons).toBeGreaterThan(0);
      expect(persons).toBeLessThan(whole.persons);
      await Promise.all(workers.map((worker) => worker.kill('SIGKILL')));
      await walking.release();
      workers = [await startWorker()];

      const again = await ended(id);
      const of = ({ report, byStep, byConnector, byDay, persons, messages, state }: Simulated): object => ({
        ...{ report, byStep, byConnector, byDay, persons, messages, state },
      });
      expect(of(again)).toEqual(of(whole));
      const path = `/v1/journeys/${journey}/simulations/${id}/comparison?with=${whole.id}`;
      expect(await context.admin.get(path)).toMatchObject({
        messages: { same: whole.messages, otherTime: 0, otherContent: 0, onlyFirst: 0, onlySecond: 0 },
      });
      const [kept] = await world.sql(
        `SELECT count(*)::int AS messages, (SELECT count(*)::int FROM percorso.journey_simulation_instance
           WHERE workspace_id = $1 AND simulation_id = $2) AS persons
         FROM percorso.journey_simulation_message WHERE workspace_id = $1 AND simulation_id = $2`,
        [context.workspaceId, id],
      );
      expect(kept).toEqual({ messages: whole.messages, persons: whole.persons });
    } finally {
      await Promise.all([keeping.close(), walking.close()]);
    }
  });
});
