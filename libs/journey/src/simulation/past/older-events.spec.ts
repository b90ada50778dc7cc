import { EventArchive, EventArchiver, Loader } from '@percorso/profile';
import { Shards } from '@percorso/storage';
import { useJourneyWorld } from '../../runtime/testing/journey-fixture';
import type { JourneyWorld } from '../../runtime/testing/journey-world';
import { SimulationJobs } from '../job/simulation-jobs';
import { SimulationService } from '../job/simulation.service';
import { SimulationReportService } from '../report/simulation-report.service';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DAYS = 6;
const PEOPLE = ['ann', 'ben', 'cleo', 'dan', 'eve', 'fay'];

describe('simulations over events that PostgreSQL keeps no more', () => {
  let world: JourneyWorld;
  let start: Date;
  let journey: string;
  useJourneyWorld((started) => (world = started));
  beforeAll(() => world.database.control((tx) => tx.query(`SELECT ensure_partitions('2026-06-14', 12)`)));
  beforeEach(() => {
    start = world.clock.now();
  });

  const at = (days: number): string => new Date(start.getTime() + days * DAY).toISOString();

  /** Entered in every way, and asking for what happened in more than one. */
  const definition = (gold: string): object => ({
    version: 1,
    entries: [
      { event: { name: 'Cart', where: [{ path: 'total', op: 'gte', value: 2 }] } },
      { business: { event: { name: 'Sale' }, audience: gold } },
      { read: { audience: gold, cron: '30 9 * * *', only: 'new' } },
      { audience: { id: gold, on: 'exit' } },
      { api: {} },
    ],
    where: { not: { event: { name: 'Bought', op: 'gte', value: 3 } } },
    reentry: { after: '20h' },
    goal: { event: { name: 'Bought' }, ends: false },
    start: 'hello',
    steps: {
      hello: world.send('"Hello " & profile.traits.tier & event.properties.total', { next: 'wait' }),
      wait: { wait: { for: '30h' }, next: 'which' },
      which: {
        branch: [
          { where: { event: { name: 'Cart', op: 'gte', value: 2, within: { last: '2d' } } }, next: 'often' },
        ],
        next: 'seldom',
      },
      often: world.send('"Often"'),
      seldom: world.send('"Seldom " & $exists(context.order)'),
    },
  });

  /** Days of a live journey, after which the newest version is another one than that which was live. */
  async function live(): Promise<void> {
    const gold = await world.newAudience({ trait: { path: 'tier', op: 'eq', value: 'gold' } });
    const tier = (index: number): object => ({ tier: index % 2 === 0 ? 'gold' : 'iron' });
    await world.say(...PEOPLE.map((one, index) => world.profile(one, tier(index))));
    await world.say(world.profile('gil', { tier: 'gold' }));
    await world.evaluate(gold);
    journey = await world.journey(definition(gold));
    const anonymous = { userId: undefined, anonymousId: 'a1' };
    for (let day = 0; day < DAYS; day++) {
      const [one, other] = [PEOPLE[day % PEOPLE.length]!, PEOPLE[(day + 2) % PEOPLE.length]!];
      await world.say(
        world.event(one, 'Cart', { total: day + 1 }),
        world.event(other, 'Cart', { total: 3 }),
        world.event('ann', 'Bought'),
        world.event('zoe', 'Cart', { total: 9, day }, anonymous),
      );
      await world.settle('accepted');
      await world.pass(9 * HOUR);
      if (day % 3 === 1) await world.say(world.event('shop', 'Sale', { percent: day }));
      if (day === 2) await request('fay');
      const denied = { context: { consent: { categoryPreferences: { email: false } } } };
      if (day === 3) await world.say(world.event('cleo', 'Left', {}, denied));
      await world.say(world.profile(other, tier(day + 1)));
      // What came before is of a person that is known today.
      if (day === 4) await world.say({ ...world.profile('ben'), anonymousId: 'a1' });
      await world.pass(15 * HOUR);
    }
    await world.publish(journey, definition(gold));
  }

  const request = async (user: string): Promise<void> => {
    await world.rows(
      `INSERT INTO journey_request (workspace_id, journey_id, person, kind, key, context, at)
       VALUES ($1, $2, $3, 'api', NULL, '{"order": 7}', $4)`,
      ...[journey, await world.person(user), world.clock.now()],
    );
    await world.turns();
  };

  /** PostgreSQL keeps the last days only, of the log too. */
  async function archive(days: number): Promise<void> {
    while (!(await world.get(Loader).turn(world.workspaceId))?.complete);
    const archiver = new EventArchiver(world.database, world.get(Shards), world.clock, days);
    archiver.grace = '0';
    await archiver.turn();
    await archiver.turn();
    const today = world.clock.now().toISOString().slice(0, 10);
    await world.database.control((tx) => tx.query('SELECT drop_partitions($1::date, $1::date)', [today]));
  }

  /** The day of the first event in PostgreSQL, and rows of the log. */
  const kept = async (): Promise<{ first: string | undefined; log: number }> => {
    const [row] = await world.rows<{ first: Date | null; log: number }>(
      `SELECT min(received_at) AS first, (SELECT count(*)::int FROM ingest_log WHERE workspace_id = $1) AS log
       FROM event WHERE workspace_id = $1`,
    );
    return { first: row!.first?.toISOString().slice(0, 10), log: row!.log };
  };

  /** Asks for one, and has it carried out. */
  async function simulate(from: number, until: number): Promise<string> {
    const window = { from: at(from), until: at(until) };
    const { id } = await world.get(SimulationService).ask(world.workspaceId, 'spec', journey, window);
    while ((await world.get(SimulationJobs).look(world.workspaceId)) > 0);
    return id;
  }

  const report = async (id: string) => world.get(SimulationReportService).get(world.workspaceId, journey, id);

  /** All that a simulation tells, but when it ran. */
  async function told(from: number, until: number) {
    const id = await simulate(from, until);
    const reports = world.get(SimulationReportService);
    const { workspaceId } = world;
    const { id: _id, askedAt: _asked, startedAt: _started, endedAt: _ended, ...rest } = await report(id);
    const { tookMs: _took, speed: _speed, ...whole } = rest;
    expect(whole.state).toBe('done');
    const query = { limit: 1000 };
    const messages = (await reports.messages(workspaceId, journey, id, query, true)).data;
    const instances = (await reports.instances(workspaceId, journey, id, query)).data;
    const stories = await Promise.all(
      instances.map((one) => reports.instance(workspaceId, journey, id, one.id, true)),
    );
    const refusals = (await reports.refusals(workspaceId, journey, id, query)).data;
    return { ...whole, messages, stories, refusals };
  }

  it('tell the same as when PostgreSQL had them all, wherever the edge is', async () => {
    await live();
    const windows = [
      [0, DAYS],
      [1, 2],
      [0.4, 4.3],
      [5, DAYS],
    ] as const;
    const all = async () => {
      const found = [];
      for (const [from, until] of windows) found.push(await told(from, until));
      return found;
    };
    const before = await all();
    expect(before.map(({ messages }) => messages.length > 0)).toEqual([true, true, true, true]);
    const { messages, stories } = before[0]!;
    expect(messages.length).toBeGreaterThan(20);
    const ways = stories.map(
      ({ entry }) => (entry.event as { name: string } | undefined)?.name ?? entry.kind,
    );
    expect([...new Set(ways)].sort()).toEqual(['Cart', 'Sale', 'api', 'audience', 'read']);
    expect(await kept()).toMatchObject({ first: at(0).slice(0, 10) });

    await archive(3);
    expect(await kept()).toEqual({ first: at(3).slice(0, 10), log: 0 });
    expect(await all()).toEqual(before);
    await archive(0);
    expect(await kept()).toEqual({ first: undefined, log: 0 });
    expect(await all()).toEqual(before);
  }, 120_000);

  it('wait for ClickHouse while it is away; then they fail with the reason, and may be asked for again', async () => {
    await live();
    const before = await told(0, DAYS);
    await archive(0);
    const away = Shards.connect(['http://127.0.0.1:9']);
    const jobs = world.get(SimulationJobs);
    const archived = world.get(EventArchive) as unknown as { shards: Shards };
    const { shards } = archived;
    jobs.waitMs = 0;
    let looks = 0;
    const look = jest.spyOn(jobs, 'look').mockImplementation(async function (this: SimulationJobs, id) {
      looks++;
      return SimulationJobs.prototype.look.call(this, id);
    });
    const quiet = jest.spyOn(console, 'error').mockImplementation();
    try {
      archived.shards = away;
      const { state, problem } = await report(await simulate(0, DAYS));
      expect({ state, problem }).toEqual({
        state: 'failed',
        problem: {
          code: 'older-events-unavailable',
          message: 'Older events are in ClickHouse only, which does not answer.',
        },
      });
      expect(looks).toBeGreaterThan(10);
      // It comes back before that: nothing is lost.
      look.mockImplementation(async function (this: SimulationJobs, id) {
        const found = await SimulationJobs.prototype.look.call(this, id);
        archived.shards = shards;
        return found;
      });
      archived.shards = away;
      expect(await told(0, DAYS)).toEqual(before);
    } finally {
      archived.shards = shards;
      look.mockRestore();
      quiet.mockRestore();
      jobs.waitMs = 5000;
      await away.close();
    }
  }, 120_000);
});
