import { isUnavailable } from '@percorso/storage';
import { ClickHouseWriter } from './clickhouse.writer';
import { LoadGate } from './load-gate';
import { Loader } from './loader';
import type { ProfileFixture } from './profile-fixture';
import { Mover } from './shard/mover';
import { useProfileFixture } from './use-profile-fixture';

/** A writer whose process falls asleep right before the events leave. */
class Sleeping extends ClickHouseWriter {
  asleep = false;
  wake!: () => void;
  private readonly woken = new Promise<void>((resolve) => (this.wake = resolve));

  override async events(...batch: Parameters<ClickHouseWriter['events']>): Promise<void> {
    this.asleep = true;
    await this.woken;
    await super.events(...batch);
  }
}

/** A writer whose process is killed right after ClickHouse took the events. */
class KilledAfterInsert extends ClickHouseWriter {
  override async events(...batch: Parameters<ClickHouseWriter['events']>): Promise<void> {
    await super.events(...batch);
    throw new Error('killed');
  }
}

describe('loading ClickHouse', () => {
  let fixture: ProfileFixture;
  let workspaceId: string;

  useProfileFixture((started) => (fixture = started));

  beforeEach(async () => {
    workspaceId = await fixture.workspace();
  });

  let messages = 0;
  const item = (type: string, fields: object): object => ({
    messageId: `m${++messages}`,
    type,
    timestamp: '2026-02-01T10:00:00.000Z',
    ...fields,
  });
  const purchases = (count: number): object[] =>
    Array.from({ length: count }, (_, n) =>
      item('track', {
        event: 'Purchased',
        userId: `u${n % 10}`,
        properties: { price: 0.1, currency: 'EUR', gift: n % 2 === 0, item: { sku: `s${n}` }, tags: ['a'] },
      }),
    );
  const load = async (): Promise<void> => {
    while (!(await fixture.loader.turn(workspaceId))?.complete);
  };
  const counts = async (): Promise<{ rows: string; positions: string }> =>
    (
      await fixture.inClickHouse<{ rows: string; positions: string }>(
        workspaceId,
        'SELECT count() AS rows, uniqExact(pos) AS positions FROM percorso.event WHERE workspace_id = {w}',
      )
    )[0]!;

  it('group accounts arrive with what readers see, and again only when that changes', async () => {
    const told = (): Promise<object[]> =>
      fixture.inClickHouse(
        workspaceId,
        `SELECT id, strings['plan'] AS plan, numbers['seats'] AS seats, mapContains(strings, 'old') AS old
         FROM percorso.account FINAL WHERE workspace_id = {w} ORDER BY id`,
      );
    const group = (traits: object): object =>
      item('group', {
        userId: 'u1',
        groupId: 'acme',
        traits,
        timestamp: `2026-02-01T10:00:0${messages}.000Z`,
      });
    await fixture.say(workspaceId, group({ plan: 'free', seats: 5, old: 'x' }));
    await fixture.say(workspaceId, group({ plan: 'pro', old: null }));
    await load();
    expect(await told()).toEqual([{ id: 'acme', plan: 'pro', seats: 5, old: 0 }]);
    await fixture.say(workspaceId, group({ plan: 'pro' }));
    expect((await fixture.loader.turn(workspaceId))?.rows).toBe(1);
    await fixture.say(workspaceId, group({ seats: 6 }));
    await load();
    expect(await told()).toEqual([{ id: 'acme', plan: 'pro', seats: 6, old: 0 }]);
  });

  it('forgets with a person that it belonged to an account', async () => {
    await fixture.say(workspaceId, item('group', { userId: 'u1', groupId: 'acme' }));
    await fixture.say(workspaceId, item('group', { userId: 'u2', groupId: 'acme' }));
    const members = (): Promise<number[]> =>
      fixture.database.tx(workspaceId, async (tx) => {
        const { rows } = await tx.query<{ home: number }>(
          'SELECT home FROM account_member WHERE workspace_id = $1 ORDER BY home',
          [workspaceId],
        );
        return rows.map((row) => row.home);
      });
    expect(await members()).toEqual([1, 2]);
    const { rows } = await fixture.database.tx(workspaceId, (tx) =>
      tx.query<{ id: string }>('SELECT id FROM profile WHERE workspace_id = $1 AND person = 1', [
        workspaceId,
      ]),
    );
    await fixture.profiles.delete(workspaceId, 'spec', rows[0]!.id);
    expect(await members()).toEqual([2]);
  });

  it('events arrive whole, numbers exact, nested keys by dotted path', async () => {
    await fixture.say(workspaceId, ...purchases(30));
    await load();
    expect(await counts()).toEqual({ rows: '30', positions: '30' });
    const [sums] = await fixture.inClickHouse(
      workspaceId,
      `SELECT toString(sum(numbers['price'])) AS total, countIf(booleans['gift']) AS gifts,
         uniqExact(strings['item.sku']) AS skus, any(strings['tags']) AS tags, any(lists['tags']) AS elements,
         any(JSONExtractString(properties, 'currency')) AS currency, toString(min(occurred_at)) AS at
       FROM percorso.event WHERE workspace_id = {w}`,
    );
    expect(sums).toEqual({
      total: '3',
      gifts: '15',
      skus: '30',
      tags: '["a"]',
      elements: ['sa'],
      currency: 'EUR',
      at: '2026-02-01 10:00:00.000',
    });
    expect(await fixture.head(workspaceId)).toMatchObject({ applied: 30, loaded: 30 });
  });

  it('a kill between insert and cursor adds no row, though more was applied meanwhile', async () => {
    await fixture.say(workspaceId, ...purchases(40));
    const killed = new Loader(
      fixture.database,
      new KilledAfterInsert(fixture.shards),
      new Mover(fixture.database, fixture.shards),
      fixture.clock,
    );
    await expect(killed.turn(workspaceId)).rejects.toThrow('killed');
    expect(await counts()).toEqual({ rows: '40', positions: '40' });
    expect(await fixture.head(workspaceId)).toMatchObject({ loaded: 0 });

    await fixture.say(workspaceId, ...purchases(25));
    await expect(killed.turn(workspaceId)).rejects.toThrow('killed');
    await load();
    expect(await counts()).toEqual({ rows: '65', positions: '65' });
    expect(await fixture.head(workspaceId)).toMatchObject({ applied: 65, loaded: 65 });
  });

  const persons = (): Promise<unknown[]> =>
    fixture.inClickHouse(
      workspaceId,
      `SELECT strings['name'] AS name, numbers['age'] AS age, consent, groups
       FROM percorso.profile FINAL WHERE workspace_id = {w} ORDER BY name`,
    );
  const eventPersons = (): Promise<{ person: number }[]> =>
    fixture.inClickHouse(
      workspaceId,
      `SELECT DISTINCT n.person AS person FROM percorso.event e
       JOIN (SELECT node, person FROM percorso.node_person FINAL WHERE workspace_id = {w}) n USING node
       WHERE e.workspace_id = {w} ORDER BY person`,
    );

  it('every node arrives with the identity it stands for', async () => {
    await fixture.say(
      workspaceId,
      item('identify', { userId: 'u1', anonymousId: 'a1', traits: { tags: ['b', 1] } }),
    );
    await load();
    expect(
      await fixture.inClickHouse(
        workspaceId,
        `SELECT namespace, value, uniqExact(person) OVER () AS persons FROM percorso.node_person FINAL
         WHERE workspace_id = {w} ORDER BY namespace`,
      ),
    ).toEqual([
      { namespace: 'anonymous_id', value: 'a1', persons: '1' },
      { namespace: 'user_id', value: 'u1', persons: '1' },
    ]);
    expect(
      await fixture.inClickHouse(
        workspaceId,
        `SELECT lists['tags'] AS tags FROM percorso.profile FINAL WHERE workspace_id = {w}`,
      ),
    ).toEqual([{ tags: ['sb', 'n1'] }]);
  });

  it('a merge takes a profile away, its reversal brings it back; events follow', async () => {
    await fixture.say(
      workspaceId,
      item('identify', {
        userId: 'u1',
        traits: { name: 'Ada', age: 36 },
        context: { consent: { categoryPreferences: { email: true, 'email:news': false } } },
      }),
      item('group', { userId: 'u1', groupId: 'acme' }),
      item('identify', { anonymousId: 'a1', traits: { name: 'Zoe' } }),
    );
    await load();
    const apart = [
      { name: 'Ada', age: 36, consent: { email: 'granted', 'email:news': 'denied' }, groups: ['acme'] },
      { name: 'Zoe', age: 0, consent: {}, groups: [] },
    ];
    expect(await persons()).toEqual(apart);
    expect(await eventPersons()).toHaveLength(2);

    await fixture.say(workspaceId, item('alias', { userId: 'u1', previousId: 'a1' }));
    await load();
    expect(await persons()).toMatchObject([{ name: 'Zoe', age: 36 }]);
    expect(await eventPersons()).toHaveLength(1);

    const { data } = await fixture.queries.merges(workspaceId, { limit: 1 });
    await fixture.profiles.unmerge(workspaceId, 'spec', data[0]!.id);
    await load();
    expect(await persons()).toEqual(apart);
    expect(await eventPersons()).toHaveLength(2);
  });

  it('an erased person is gone from PostgreSQL at once and from ClickHouse with the next turn, loaded or not', async () => {
    const erased: string[] = [];
    fixture.hooks.push({
      erased: async (_tx, refs) => void erased.push(...refs.map((ref) => ref.profileId)),
    });
    await fixture.say(workspaceId, item('identify', { userId: 'gone', traits: { name: 'Ada' } }));
    await fixture.say(workspaceId, item('identify', { userId: 'stays', traits: { name: 'Bob' } }));
    await load();
    await fixture.say(workspaceId, item('track', { userId: 'gone', event: 'Late' }));
    const { data } = await fixture.queries.find(workspaceId, 'user_id', 'gone');
    await fixture.profiles.delete(workspaceId, 'spec', data[0]!.id);
    fixture.hooks.length = 0;
    expect(erased).toEqual([data[0]!.id]);
    const left = await fixture.database.tx(workspaceId, (tx) =>
      tx.query(
        `SELECT (SELECT count(*) FROM event WHERE workspace_id = $1)::int AS events,
           (SELECT count(*) FROM identity_node WHERE workspace_id = $1)::int AS nodes,
           (SELECT count(*) FROM profile WHERE workspace_id = $1)::int AS profiles,
           (SELECT count(*) FROM profile_fragment WHERE workspace_id = $1)::int AS fragments`,
        [workspaceId],
      ),
    );
    expect(left.rows).toEqual([{ events: 1, nodes: 1, profiles: 1, fragments: 1 }]);
    await load();
    expect(await counts()).toEqual({ rows: '1', positions: '1' });
    expect(await persons()).toMatchObject([{ name: 'Bob' }]);
    // Kept out until the tombstone is lifted; who comes then is somebody new.
    const back = item('identify', { userId: 'gone', traits: {} });
    await fixture.say(workspaceId, back);
    expect((await fixture.queries.find(workspaceId, 'user_id', 'gone')).data).toEqual([]);
    await fixture.erase(workspaceId);
    const erasure = (await fixture.erasures.list(workspaceId, { limit: 1 })).data[0]!;
    expect(erasure).toMatchObject({ state: 'done', profileId: data[0]!.id });
    expect(erasure.places.find(({ place }) => place === 'clickhouse')).toMatchObject({ count: 3 });
    await fixture.erasures.lift(workspaceId, 'spec', erasure.id);
    await fixture.say(workspaceId, back);
    const again = await fixture.queries.find(workspaceId, 'user_id', 'gone');
    expect(again.data[0]).toMatchObject({ traits: {} });
    expect(again.data[0]!.id).not.toBe(data[0]!.id);
  });

  describe('a process that sleeps with the right to load', () => {
    /** It says no word, and PostgreSQL takes that for sleep soon. */
    const loaderOf = (writer: ClickHouseWriter): Loader => {
      const loader = new Loader(
        fixture.database,
        writer,
        new Mover(fixture.database, fixture.shards),
        fixture.clock,
      );
      loader.patience = { idleMs: 300, beatMs: 1_000_000 };
      return loader;
    };
    const until = async (reached: () => boolean): Promise<void> => {
      while (!reached()) await new Promise((resolve) => setTimeout(resolve, 10));
    };

    it('loses it to others, and adds no row when it wakes', async () => {
      await fixture.say(workspaceId, ...purchases(40));
      const writer = new Sleeping(fixture.shards);
      const sleeping = loaderOf(writer).turn(workspaceId);
      const told = sleeping.catch((error: Error) => error);
      await until(() => writer.asleep);
      await load();
      await fixture.say(workspaceId, ...purchases(20));
      await load();
      writer.wake();
      expect(isUnavailable(await told)).toBe(true);
      await fixture.say(workspaceId, ...purchases(5));
      await load();
      expect(await counts()).toEqual({ rows: '65', positions: '65' });
      expect(await fixture.head(workspaceId)).toMatchObject({ applied: 65, loaded: 65 });
    });

    it('gets no answer from a set that moved under it', async () => {
      await fixture.say(workspaceId, ...purchases(10));
      let asleep = false;
      let wake = (): void => undefined;
      const woken = new Promise<void>((resolve) => (wake = resolve));
      const told = new LoadGate(loaderOf(fixture.writer))
        .holdLoaded(workspaceId, async () => {
          asleep = true;
          await woken;
          return counts();
        })
        .catch((error: Error) => error);
      await until(() => asleep);
      await fixture.say(workspaceId, ...purchases(10));
      await load();
      wake();
      expect(isUnavailable(await told)).toBe(true);
    });

    it('is one that works for long no longer than it says a word', async () => {
      const loader = loaderOf(fixture.writer);
      loader.patience = { idleMs: 2000, beatMs: 50 };
      await fixture.say(workspaceId, ...purchases(10));
      const worked = await new LoadGate(loader).holdLoaded(workspaceId, async ({ pos }) => {
        await new Promise((resolve) => setTimeout(resolve, 3000));
        expect(await fixture.loader.turn(workspaceId)).toBeUndefined();
        return pos;
      });
      expect(worked).toBe(10);
    });
  });

  it('the gate holds ClickHouse at exactly the position it names, while the log goes on', async () => {
    const gate = new LoadGate(fixture.loader);
    await fixture.say(workspaceId, ...purchases(20));
    const seen = await gate.holdLoaded(workspaceId, async ({ pos }) => {
      await fixture.say(workspaceId, ...purchases(5));
      expect(await fixture.loader.turn(workspaceId)).toBeUndefined();
      return { pos, ...(await counts()) };
    });
    expect(seen).toEqual({ pos: 20, rows: '20', positions: '20' });
    const both = await Promise.all(
      [1, 2, 3].map(() => gate.holdLoaded(workspaceId, async ({ pos }) => ({ pos, ...(await counts()) }))),
    );
    expect(both).toEqual([1, 2, 3].map(() => ({ pos: 25, rows: '25', positions: '25' })));
  });
});
