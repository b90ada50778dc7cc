import { startTestEngines, startTestShards, type TestEngines, type TestShards } from '@percorso/engines';
import { firstShard, Shards } from '@percorso/storage';
import { ClickHouseWriter } from '../clickhouse.writer';
import { Loader } from '../loader';
import { ProfileFixture } from '../profile-fixture';
import { Mover } from './mover';

const SHARDS = 3;
/** Of the places where a turn can be killed, every how manieth is tried. */
const STEP = Number(process.env.PERCORSO_KILL_STEP ?? 5);

describe('loading three shards', () => {
  let engines: TestEngines;
  let servers: TestShards;
  let fixture: ProfileFixture;
  let workspaceId: string;
  let serial = 0;

  beforeAll(async () => {
    [engines, servers] = await Promise.all([startTestEngines(), startTestShards(SHARDS)]);
    fixture = await ProfileFixture.over({ ...engines, clickhouseUrl: servers.urls });
  }, 60_000);
  afterAll(async () => {
    await fixture?.close();
    await servers?.stop();
    await engines?.stop();
  });
  beforeEach(async () => {
    workspaceId = await fixture.workspace();
  });

  const item = (type: string, fields: object): object => ({
    messageId: `m${++serial}`,
    type,
    timestamp: '2026-02-01T10:00:00.000Z',
    ...fields,
  });
  const seen = (who: object): object => item('track', { event: 'Seen', ...who, properties: { n: serial } });
  const visits = (count: number): object[] =>
    Array.from({ length: count }, (_, n) => [
      seen({ userId: `u${n}` }),
      seen({ anonymousId: `a${n}` }),
      seen({ anonymousId: `a${n}` }),
    ]).flat();
  const login = (n: number, by = n): object =>
    item('identify', { userId: `u${n}`, anonymousId: `a${by}`, traits: { n } });
  const load = async (loader = fixture.loader): Promise<void> => {
    while (!(await loader.turn(workspaceId))?.complete);
  };
  const unmergeAll = async (): Promise<void> => {
    const { data } = await fixture.queries.merges(workspaceId, { limit: 100 });
    for (const { id } of data.filter((merge) => !merge.reversedAt).reverse())
      await fixture.profiles.unmerge(workspaceId, 'spec', id);
  };

  interface Seen {
    shard: number;
    person: number;
    pos?: string;
  }
  /** What readers of every shard see: persons with their profile, and their events. */
  const seenOn = async (select: string): Promise<Seen[]> => {
    const parts = await fixture.shards.each(async (client, shard) => {
      const query = select.replaceAll('{w}', `workspace_id = '${workspaceId}'`);
      const answer = await client.query({ query, format: 'JSONEachRow' });
      return (await answer.json<Omit<Seen, 'shard'>>()).map((row) => ({ shard, ...row }));
    });
    return parts.flat();
  };
  const EVENTS = `SELECT pos, map.person AS person FROM percorso.event INNER JOIN (
    SELECT node, person FROM percorso.node_person FINAL WHERE {w} AND person > 0) AS map USING node WHERE {w}`;
  const PERSONS = 'SELECT person FROM percorso.profile FINAL WHERE {w} AND deleted = 0';

  /** Every shard has whole persons, and all of them together have what PostgreSQL has. */
  async function expectExact(): Promise<void> {
    const [events, persons] = [await seenOn(EVENTS), await seenOn(PERSONS)];
    const kept = await fixture.database.tx(workspaceId, async (tx) => ({
      events: await tx.query<{ pos: string; person: number }>(
        `SELECT e.pos, n.person FROM event e JOIN identity_node n USING (workspace_id, node)
         WHERE e.workspace_id = $1 ORDER BY e.pos`,
        [workspaceId],
      ),
      persons: await tx.query<{ person: number }>(
        `SELECT person FROM profile WHERE workspace_id = $1 AND state = 'active' ORDER BY person`,
        [workspaceId],
      ),
    }));
    const found = events
      .map(({ pos, person }) => ({ pos: pos!, person }))
      .sort((a, b) => Number(a.pos) - Number(b.pos));
    expect(found).toEqual(kept.events.rows);
    expect(persons.map(({ person }) => person).sort((a, b) => a - b)).toEqual(
      kept.persons.rows.map(({ person }) => person),
    );
    const shardOf = new Map(persons.map(({ person, shard }) => [person, shard]));
    expect(events.filter(({ person, shard }) => shardOf.get(person) !== shard)).toEqual([]);
  }

  it('puts every person on one shard, through merges, unmerges and merges the other way', async () => {
    await fixture.say(workspaceId, ...visits(12));
    await load();
    await expectExact();
    expect(new Set((await seenOn(PERSONS)).map(({ shard }) => shard)).size).toBe(SHARDS);
    const crossing = Array.from({ length: 12 }, (_, n) =>
      [2 * n + 1, 2 * n + 2].map((home) => firstShard(workspaceId, home, SHARDS)),
    ).filter(([one, other]) => one !== other).length;
    expect(crossing).toBeGreaterThan(2);

    await fixture.say(workspaceId, ...Array.from({ length: 12 }, (_, n) => login(n)), ...visits(12));
    await load();
    await expectExact();
    await unmergeAll();
    await fixture.say(workspaceId, ...visits(12));
    await load();
    await expectExact();
    // Separated by hand they stay apart; with others they go elsewhere, perhaps back.
    await fixture.say(workspaceId, ...Array.from({ length: 12 }, (_, n) => login(n, (n + 1) % 12)));
    await load();
    await expectExact();
    await unmergeAll();
    await fixture.say(
      workspaceId,
      ...Array.from({ length: 12 }, (_, n) => login(n, (n + 5) % 12)),
      ...visits(12),
    );
    await load();
    await expectExact();
  });

  it('erases a person on every shard its rows have been on, and what was left behind goes when asked', async () => {
    await fixture.say(workspaceId, ...visits(8));
    await load();
    await fixture.say(workspaceId, ...[0, 1, 2, 3, 4, 5, 6].map((n) => login(n)));
    await load();
    const rows = async (): Promise<number> =>
      (await seenOn('SELECT pos FROM percorso.event WHERE {w}')).length;
    const copies = (await rows()) - 24 - 7;
    expect(copies).toBeGreaterThan(0);
    const gone = (await fixture.queries.find(workspaceId, 'user_id', 'u3')).data[0]!;
    await fixture.profiles.delete(workspaceId, 'spec', gone.id);
    await fixture.erase(workspaceId);
    await expectExact();
    for (const table of ['event', 'node_person'])
      expect(await seenOn(`SELECT 1 AS person FROM percorso.${table} WHERE {w} AND node IN (7, 8)`)).toEqual(
        [],
      );

    // As the operator's guide says.
    const query = `DELETE FROM percorso.event WHERE (workspace_id, node) IN (
      SELECT workspace_id, node FROM percorso.node_person FINAL WHERE person = 0)`;
    await fixture.shards.each((client) => client.command({ query }));
    expect(await rows()).toBe(24 + 7 - 4);
    await unmergeAll();
    await fixture.say(workspaceId, ...[0, 1, 2].map((n) => login(n, 6 - n)));
    await load();
    await expectExact();
  });

  it('loses and doubles nothing, wherever it is killed', async () => {
    let kills = 0;
    for (let after = 0; ; after += STEP) {
      workspaceId = await fixture.workspace();
      await fixture.say(workspaceId, ...visits(4));
      await load();
      await fixture.say(workspaceId, ...[0, 1, 2, 3].map((n) => login(n)), ...visits(5));
      if (await killed(after)) kills += 1;
      else break;
      // Meanwhile more comes, and some of what was moving is to move elsewhere or to stay.
      if (after % 3 === 0) await unmergeAll();
      await fixture.say(workspaceId, ...visits(4), login(0, 3), login(4, 2));
      if (after % 2 === 0) await killed(after);
      await load();
      await expectExact();
      await unmergeAll();
      await load();
      await expectExact();
    }
    expect(kills).toBeGreaterThan(20 / STEP);
  }, 240_000);

  /** A turn in a process that dies as its write number `after` is done, at every second one before it began. */
  async function killed(after: number): Promise<boolean> {
    const shards = dying(fixture.shards, after);
    const mover = new Mover(fixture.database, shards);
    const loader = new Loader(fixture.database, new ClickHouseWriter(shards), mover, fixture.clock);
    const outcome = await loader.turn(workspaceId).catch((error: Error) => error.message);
    return outcome === KILLED;
  }
});

const KILLED = 'killed';
const WRITES = ['insert', 'command', 'exec'] as const;

/** Servers of which nothing answers any more once `after` writes were sent. */
function dying(shards: Shards, after: number): Shards {
  let left = Math.ceil(after / 2);
  const dead = (): Promise<never> => Promise.reject(new Error(KILLED));
  const clients = shards.clients.map(
    (client) =>
      new Proxy(client, {
        get(target, name) {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== 'function') return method;
          if (!WRITES.includes(name as never)) return method.bind(target) as unknown;
          return async (...words: unknown[]): Promise<unknown> => {
            if (left < 0) return dead();
            left -= 1;
            if (left < 0 && after % 2 === 0) return dead();
            const answer: unknown = await Reflect.apply(method, target, words);
            return left < 0 ? dead() : answer;
          };
        },
      }),
  );
  return new Shards(clients);
}
