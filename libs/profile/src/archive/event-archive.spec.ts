import { startTestEngines, startTestShards, type TestEngines, type TestShards } from '@percorso/engines';
import { canonicalJson } from '@percorso/kernel';
import { Shards } from '@percorso/storage';
import { EventReader, type PersonEvent } from '../event.reader';
import { EVENT_TIMES } from '../event-time';
import { EventSearch } from '../event-search';
import { ProfileFixture } from '../profile-fixture';
import { ProfileHistory } from '../profile.history';
import type { ProfileValues } from '../profile.reader';
import type { TimelineEntry } from '../timeline/timeline.dto';
import { TimelineQueries } from '../timeline/timeline.queries';
import { archiveReads } from './archive-metrics';
import { EventArchive } from './event-archive';
import { EventArchiver } from './event-archiver';
import { EventPages } from './event-pages';
import { dayOf } from './testing/day-of';

const DAY = 86_400_000;
const START = Date.UTC(2026, 2, 1, 12);
const NAMES = ['Seen', 'Bought', "Quote'd", 'identify', 'Unsubscribed', 'group', 'alias'];
const PEOPLE = 3;
const DAYS = 6;
const WINDOWS = [[0, DAYS] as const, [1, 4] as const].flatMap(([from, until]) =>
  EVENT_TIMES.map((by) => ({ from: new Date(START + from * DAY), until: new Date(START + until * DAY), by })),
);

describe.each([1, 3])('events that live in ClickHouse only, on %i shards', (count) => {
  let engines: TestEngines;
  let servers: TestShards | undefined;
  let fixture: ProfileFixture;
  let workspaceId: string;
  let serial = 0;

  beforeAll(async () => {
    [engines, servers] = await Promise.all([
      startTestEngines(),
      count > 1 ? startTestShards(count) : undefined,
    ]);
    fixture = await ProfileFixture.over({
      ...engines,
      clickhouseUrl: servers?.urls ?? engines.clickhouseUrl,
    });
  }, 120_000);
  afterAll(async () => {
    await fixture?.close();
    await servers?.stop();
    await engines?.stop();
  });
  beforeEach(async () => {
    workspaceId = await fixture.workspace();
    fixture.clock.set(new Date(START));
    await partitionsOf(DAYS);
  });

  const sql = async <R extends object>(text: string, ...values: unknown[]): Promise<R[]> =>
    (await fixture.database.tx(workspaceId, (tx) => tx.query<R & object>(text, [workspaceId, ...values])))
      .rows as R[];
  const partitionsOf = (days: number): Promise<unknown> =>
    fixture.database.control((tx) => tx.query(`SELECT ensure_partitions('2026-03-01', $1)`, [days]));
  const item = (type: string, fields: object, ago = 0): object => ({
    messageId: `m${++serial}`,
    type,
    timestamp: new Date(fixture.clock.now().getTime() - ago).toISOString(),
    ...fields,
  });

  /** Some days of some people, some of whose devices were seen before. */
  async function live(): Promise<void> {
    for (let day = 0; day < DAYS; day++) {
      fixture.clock.set(new Date(START + day * DAY));
      await fixture.say(workspaceId, ...dayOf(day, PEOPLE, item));
    }
    // By clocks of another century, and before what ClickHouse's times can hold.
    const early = (n: number): object => ({
      ...item('track', { anonymousId: `old${n}`, event: 'Bought' }),
      timestamp: `1900-01-01T00:00:00+1${n}:00`,
    });
    await fixture.say(workspaceId, early(0), early(1), early(2), early(2));
    await load();
    const logins = [0, 1, 2].map((n) => item('identify', { userId: `u${n}`, anonymousId: `old${n}` }));
    await fixture.say(workspaceId, ...logins);
    await load();
    expect(await sql('SELECT code, reason, pointer FROM quarantine WHERE workspace_id = $1')).toEqual([]);
  }

  const load = async (): Promise<void> => {
    while (!(await fixture.loader.turn(workspaceId))?.complete);
  };
  /** As if every audience were up to date. */
  const stream = (pos = Number.MAX_SAFE_INTEGER): Promise<unknown> =>
    sql(
      `INSERT INTO stream_cursor (workspace_id, pos) VALUES ($1, $2)
       ON CONFLICT (workspace_id, partition) DO UPDATE SET pos = $2`,
      pos,
    );
  const archiver = (shards = fixture.shards, days = 3): EventArchiver => {
    const made = new EventArchiver(fixture.database, shards, fixture.clock, days);
    made.grace = '0';
    return made;
  };
  /** To the end: told and dropped. */
  async function archive(days = 3): Promise<string[]> {
    await archiver(fixture.shards, days).turn();
    return archiver(fixture.shards, days).turn();
  }

  interface Told {
    timelines: Record<string, TimelineEntry[]>;
    events: unknown[];
    receivedBy: PersonEvent[][];
    ofPersons: PersonEvent[];
    history: [number, ProfileValues, Date[]][][];
    found: [number[], PersonEvent[]][];
  }

  const persons = async (): Promise<{ person: number; id: string }[]> =>
    sql(`SELECT person, id FROM profile WHERE workspace_id = $1 AND state = 'active' ORDER BY person`);

  /** All that anybody can be told of persons' events. */
  async function told(pageSize = 1000): Promise<Told> {
    const timelines = new TimelineQueries(fixture.database, fixture.pages);
    const reader = new EventReader(fixture.archive);
    const history = new ProfileHistory(fixture.reader, fixture.archive);
    const search = new EventSearch(fixture.archive, reader);
    if (pageSize === 3) search.atOnce = { positions: 30, nodes: 5, events: 20, persons: 2 };
    const live = await persons();
    const all: Told = { timelines: {}, events: [], receivedBy: [], ofPersons: [], history: [], found: [] };
    const bounds = [
      {},
      { name: ['Bought', "Quote'd"] },
      { type: 'identify' as const },
      { from: '2026-03-02T12:00:00.0005Z', to: '2026-03-05T12:00:00Z' },
    ];
    for (const { id } of live) {
      for (const [index, bound] of bounds.entries()) {
        const pages: TimelineEntry[] = [];
        let cursor: string | undefined;
        do {
          const page = await timelines.page(workspaceId, id, { ...bound, limit: pageSize, cursor });
          pages.push(...page.data);
          cursor = page.next ?? undefined;
        } while (cursor !== undefined);
        all.timelines[`${id} ${index}`] = pages;
      }
      all.events.push(await fixture.queries.events(workspaceId, id, { limit: 1000 }));
    }
    const numbers = live.map(({ person }) => person);
    await fixture.database.snapshot(workspaceId, async (tx) => {
      for (let day = 0; day <= DAYS; day += 2) {
        const until = new Date(START + day * DAY);
        for (const by of EVENT_TIMES) {
          const pasts = await history.pasts(tx, numbers, until, by);
          all.history.push(
            [...pasts].map(([person, past]) => [
              person,
              past.valuesAt(+until),
              past.events.map(({ receivedAt }) => receivedAt),
            ]),
          );
        }
        for (const person of numbers) all.receivedBy.push(await reader.receivedBy(tx, person, NAMES, until));
      }
      for (const until of [0, 5, 60, Number.MAX_SAFE_INTEGER])
        all.ofPersons.push(...(await reader.ofPersons(tx, numbers, ['Bought', "Quote'd", 'Seen'], until)));
      // What is received at a bound is of the time that begins there.
      for (const window of WINDOWS) {
        for (const names of [["Quote'd"], NAMES]) {
          const found = [...(await search.persons(tx, names, window))].sort((a, b) => a - b);
          all.found.push([found, await search.events(tx, names, window)]);
        }
      }
    });
    return all;
  }

  const kept = async (): Promise<number> =>
    (await sql<{ n: number }>('SELECT count(*)::int AS n FROM event WHERE workspace_id = $1'))[0]!.n;
  const edge = async (): Promise<number> =>
    Number(
      (await sql<{ pos: string }>('SELECT pos FROM event_archive WHERE workspace_id = $1'))[0]?.pos ?? 0,
    );

  it('are told exactly as PostgreSQL told them, page by page, at every moment, through merges and unmerges', async () => {
    await live();
    await stream();
    const before = await told();
    const all = await kept();
    expect(Object.values(before.timelines).flat().length).toBeGreaterThan(100);
    const named = 'SELECT pos::int FROM event WHERE workspace_id = $1 AND name = ANY($2) ORDER BY pos';
    const [everybody, events] = before.found[1]!;
    expect(events.map(({ pos }) => ({ pos }))).toEqual(await sql(named, NAMES));
    expect(everybody).toEqual((await persons()).map(({ person }) => person));
    const dropped = await archive();
    expect(dropped).toEqual(['event_20260301', 'event_20260302']);
    expect(await kept()).toBeLessThan(all * 0.8);
    const reads = await readsSoFar();
    expect(await told(7)).toEqual(before);
    expect(await told(3)).toEqual(before);
    expect(await readsSoFar()).toBeGreaterThan(reads);

    // Everything old, then a merge and an unmerge that PostgreSQL alone could no longer show.
    await archive(0);
    expect(await kept()).toBe(PEOPLE * 4 + 7);
    expect(await told()).toEqual(before);
    const [one, other] = [before.timelines, await unmerged()];
    expect(Object.keys(other).length).toBe(3 * Object.keys(one).length);
    const texts = (timelines: Told['timelines']): string[] =>
      Object.entries(timelines)
        .filter(([key]) => key.endsWith(' 0'))
        .flatMap(([, entries]) => entries.map((entry) => canonicalJson(JSON.parse(JSON.stringify(entry)))))
        .sort();
    expect(texts(other)).toEqual(texts(one));
    await fixture.say(workspaceId, item('identify', { userId: 'u3', anonymousId: 'new device' }));
    await load();
    expect(texts((await told()).timelines)).toHaveLength(texts(one).length + 1);
  }, 120_000);

  const readsSoFar = async (): Promise<number> => (await archiveReads.get()).values[0]!.value;

  async function unmerged(): Promise<Told['timelines']> {
    const { data } = await fixture.queries.merges(workspaceId, { limit: 100 });
    for (const { id } of data.reverse()) await fixture.profiles.unmerge(workspaceId, 'spec', id);
    await load();
    return (await told()).timelines;
  }

  it('leave nothing of an erased person', async () => {
    await live();
    await stream();
    await archive();
    const before = await told();
    const victim = (await fixture.queries.find(workspaceId, 'user_id', 'u2')).data[0]!;
    const nodes = await sql<{ node: number }>(
      'SELECT node FROM identity_node WHERE workspace_id = $1 AND person = (SELECT person FROM profile WHERE id = $2)',
      victim.id,
    );
    const list = nodes.map(({ node }) => node).join();
    const rows = `SELECT pos FROM percorso.event WHERE workspace_id = {w} AND node IN (${list})`;
    expect((await fixture.inClickHouse(workspaceId, rows)).length).toBeGreaterThan(10);
    await fixture.profiles.delete(workspaceId, 'spec', victim.id);
    const timelines = new TimelineQueries(fixture.database, fixture.pages);
    await expect(timelines.page(workspaceId, victim.id, { limit: 1 })).rejects.toMatchObject({ status: 404 });
    await fixture.erase(workspaceId);
    expect(await fixture.inClickHouse(workspaceId, rows)).toEqual([]);
    expect(await sql(`SELECT FROM event WHERE workspace_id = $1 AND node IN (${list})`)).toEqual([]);
    const after = await told();
    const others = Object.entries(before.timelines).filter(([key]) => !key.startsWith(victim.id));
    expect(after.timelines).toEqual(Object.fromEntries(others));
  }, 120_000);

  // Of the rest nothing depends on where rows are.
  if (count > 1) return;

  it('are asked for only where there can be some, and only those of whom there can be', async () => {
    await live();
    await stream();
    await archive();
    const quiet = jest.spyOn(console, 'error').mockImplementation();
    const away = Shards.connect(Array.from({ length: count }, () => 'http://127.0.0.1:9'));
    fixture.clock.set(new Date(START + DAYS * DAY));
    await fixture.say(workspaceId, item('track', { userId: 'later', event: 'Seen' }));
    const archived = new EventArchive(away);
    const timelines = new TimelineQueries(fixture.database, new EventPages(archived));
    const reader = new EventReader(archived);
    const everybody = await persons();
    const newest = everybody.at(-1)!;
    const old = everybody[0]!;
    // Who came later, and recent pages of the others, need no ClickHouse.
    expect((await timelines.page(workspaceId, newest.id, { limit: 10 })).data).toHaveLength(1);
    const page = await timelines.page(workspaceId, old.id, { limit: 3 });
    expect(page.data).toHaveLength(3);
    const recent = { limit: 100, from: '2026-03-04' };
    expect((await timelines.page(workspaceId, old.id, recent)).data.length).toBeGreaterThan(4);
    const failing = { status: 503, code: 'older-events-unavailable', retryAfter: 5 };
    await expect(timelines.page(workspaceId, old.id, { limit: 100 })).rejects.toMatchObject(failing);
    await fixture.database.tx(workspaceId, async (tx) => {
      expect(await reader.ofPersons(tx, [newest.person], NAMES, 1000)).toHaveLength(1);
      await expect(reader.ofPersons(tx, [newest.person, old.person], NAMES, 1000)).rejects.toMatchObject(
        failing,
      );
      await expect(reader.between(tx, 0, 0, 10, NAMES)).rejects.toMatchObject({ code: 'events-archived' });
      await expect(reader.personsBetween(tx, 0, [0, 40], [45, 45])).rejects.toMatchObject({
        code: 'events-archived',
      });
      expect(await reader.between(tx, 0, await edge(), 10_000, NAMES)).not.toEqual([]);
      const search = new EventSearch(archived, reader);
      const window = {
        from: new Date(START),
        until: new Date(START + 2 * DAYS * DAY),
        by: 'received' as const,
      };
      await expect(search.events(tx, NAMES, window)).rejects.toMatchObject(failing);
      window.from = new Date('2026-03-03');
      expect((await search.persons(tx, NAMES, window)).has(newest.person)).toBe(true);
    });
    await away.close();
    quiet.mockRestore();
  }, 120_000);

  it('wait in PostgreSQL for ClickHouse, for every audience, and for the step before', async () => {
    await live();
    expect(await archive()).toEqual([]);
    expect(await edge()).toBe(0);
    await stream(10);
    await archive();
    expect(await edge()).toBe(10);
    expect(await kept()).toBeGreaterThan(50);
    await stream();
    // What the loader has not confirmed is the source of what it will write.
    await sql('UPDATE ingest_head SET loaded = 20 WHERE workspace_id = $1');
    await archive();
    expect(await edge()).toBe(20);
    await sql('UPDATE ingest_head SET loaded = applied WHERE workspace_id = $1');
    await archive();
    const reached = await edge();
    const [first] = await sql<{ pos: number }>(
      `SELECT min(pos)::int AS pos FROM event WHERE workspace_id = $1 AND received_at >= '2026-03-03'`,
    );
    expect(reached).toBe(first!.pos - 1);
    expect(await archive()).toEqual([]);
    expect(await edge()).toBe(reached);
  }, 120_000);

  it('go from PostgreSQL only when nobody can be reading them there, and survive a kill after every step', async () => {
    await live();
    await stream();
    const before = await told();
    const all = await kept();
    const slow = archiver();
    slow.grace = '1 hour';
    // A reader that was told the old edge, and has not read yet.
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let started: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (started = resolve));
    const late = fixture.database.tx(workspaceId, async (tx) => {
      const { pos } = await fixture.archive.edge(tx);
      started();
      await held;
      const { rows } = await tx.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM event WHERE workspace_id = $1 AND pos > $2',
        [workspaceId, pos],
      );
      return rows[0]!.n;
    });
    await begun;
    expect(await archiver().turn()).toEqual([]);
    const reached = await edge();
    expect(reached).toBeGreaterThan(0);
    expect(await told()).toEqual(before);
    // Again and again, in a new process each time: told since a moment, or while somebody reads, it waits.
    for (const one of [slow, archiver(), archiver(), slow]) expect(await one.turn()).toEqual([]);
    expect(await kept()).toBe(all);
    release();
    expect(await late).toBe(all);
    expect(await slow.turn()).toEqual([]);
    // Killed in the middle of dropping: it is one transaction.
    await fixture.database
      .control(async (tx) => {
        await tx.query(`SELECT clear_archived_events('2026-03-03', '0', 1)`);
        throw new Error('killed');
      })
      .catch(() => undefined);
    expect(await kept()).toBe(all);
    const some = await fixture.database.control((tx) =>
      tx.query(`SELECT clear_archived_events('2026-03-03', '0', 1) AS dropped`),
    );
    expect(some.rows).toHaveLength(1);
    expect(await told()).toEqual(before);
    const [left, none] = await Promise.all([archiver().turn(), archiver().turn()]);
    expect([...left, ...none]).toHaveLength(1);
    expect(await told()).toEqual(before);
    expect(await edge()).toBe(reached);
  }, 120_000);

  it('stay in PostgreSQL where the loader of an earlier release left out what profiles are made of', async () => {
    await fixture.say(workspaceId, item('track', { userId: 'u1', event: 'Seen' }));
    await fixture.say(
      workspaceId,
      item('page', { userId: 'u1', context: { consent: { categoryPreferences: { email: true } } } }),
    );
    await load();
    await stream();
    await fixture.shards.each((client) =>
      client.command({
        query: `ALTER TABLE percorso.event UPDATE context = '' WHERE workspace_id = '${workspaceId}' SETTINGS mutations_sync = 2`,
      }),
    );
    fixture.clock.advance(10 * DAY);
    await archive();
    expect(await edge()).toBe(1);
    await archive();
    expect(await edge()).toBe(1);
  });
});
