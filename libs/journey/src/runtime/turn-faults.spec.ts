import { EventReader } from '@percorso/profile';
import type { Held } from '@percorso/storage';
import { CursorStore } from './intake/cursor.store';
import { endInstances } from './keep/end-instances';
import { JourneyStore } from '../journey/journey.store';
import { InstanceStore } from './keep/instance.store';
import { JourneyTurns } from './journey-turns';
import { useJourneyWorld } from './testing/journey-fixture';
import type { JourneyWorld } from './testing/journey-world';
import { TurnWriter } from './turn-writer';

const HOUR = 3_600_000;

describe('turns that are disturbed', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));
  afterEach(() => jest.restoreAllMocks());

  const waits = (more: object = {}): object => ({
    version: 1,
    entries: [{ event: { name: 'Go' } }],
    start: 'nap',
    steps: { nap: { wait: { for: '1h' }, next: 'hello' }, hello: world.send('"Hello"') },
    ...more,
  });
  const users = (count: number): string[] => Array.from({ length: count }, (_, index) => `u${index}`);
  const go = (...all: string[]): object[] =>
    all.flatMap((user) => [world.profile(user), world.event(user, 'Go')]);
  const turn = (held: readonly Held[] = world.held) => world.get(JourneyTurns).turn(world.workspaceId, held);
  const persons = async (): Promise<number[]> => (await world.messages()).map(({ person }) => person);

  /** Before the first transaction that writes, `meanwhile` happens. */
  const before = (meanwhile: () => Promise<unknown>): void => {
    const writer = world.get(TurnWriter);
    const write = writer.write.bind(writer);
    jest.spyOn(writer, 'write').mockImplementationOnce(async (...args) => {
      await meanwhile();
      return write(...args);
    });
  };

  it('begin anew where a process ended before it wrote', async () => {
    const journey = await world.journey(waits());
    before(() => Promise.reject(new RangeError('killed')));
    await world.accept(...go('ann'));
    await world.apply();
    await expect(turn()).rejects.toThrow('killed');
    expect(await world.instances(journey)).toEqual([]);
    await world.turns();
    world.clock.advance(HOUR);
    before(() => Promise.reject(new RangeError('killed')));
    await expect(turn()).rejects.toThrow('killed');
    expect(await world.messages()).toEqual([]);
    await world.turns();
    expect(await world.messages()).toHaveLength(1);
  });

  it('write nothing once their partitions are another process’s', async () => {
    const journey = await world.journey(waits());
    await world.accept(...go('ann'));
    await world.apply();
    await world.rows(`UPDATE lease SET fence = fence + 1 WHERE workspace_id = $1 AND kind = 'journey'`);
    expect(await turn()).toMatchObject({ taken: 0 });
    expect(await world.instances(journey)).toEqual([]);
  });

  it('are done again when somebody they read of was taken off the journey meanwhile', async () => {
    const journey = await world.journey(waits());
    await world.say(...go('ann'));
    const [instance] = await world.instances(journey);
    world.clock.advance(HOUR);
    before(() =>
      world.database.tx(world.workspaceId, (tx) =>
        endInstances(tx, [instance!.id], 'stopped', world.clock.now()),
      ),
    );
    await turn();
    expect(await world.messages()).toEqual([]);
    expect(await world.instances(journey)).toMatchObject([{ endReason: 'stopped' }]);
  });

  it('are done again when a profile became part of another meanwhile', async () => {
    const journey = await world.journey(waits());
    const event = { type: 'track', messageId: 'c1', anonymousId: 'cookie', event: 'Go' };
    await world.say(world.profile('ann'));
    await world.accept(event);
    await world.apply();
    before(async () => {
      await world.accept({ type: 'identify', messageId: 'c2', userId: 'ann', anonymousId: 'cookie' });
      await world.apply();
    });
    await turn();
    await world.turns();
    expect(await world.instances(journey)).toMatchObject([
      { person: await world.person('ann'), state: 'active' },
    ]);
  });

  describe('are done again when their journey was changed between their reading and their writing', () => {
    it('who enters is on the version that was published', async () => {
      const journey = await world.journey(waits());
      await world.accept(...go('ann'));
      await world.apply();
      before(() => world.publish(journey, waits()));
      await turn();
      expect(await world.instances(journey)).toMatchObject([{ version: 2 }]);
    });

    it.each(['paused', 'stopped'])('nobody moves once it is %s', async (state) => {
      const journey = await world.journey(waits());
      await world.say(...go('ann'));
      world.clock.advance(HOUR);
      before(() => world.setState(journey, state));
      await turn();
      expect(await world.messages()).toEqual([]);
    });

    it('a publication waits for the turn that is being written', async () => {
      const journey = await world.journey(waits());
      await world.accept(...go('ann'));
      await world.apply();
      const store = new JourneyStore();
      let found: number | null | undefined;
      const publish = (): Promise<void> =>
        world.database.tx(world.workspaceId, async (tx) => {
          await store.lock(tx, journey);
          found = (await tx.query('SELECT FROM journey_instance WHERE workspace_id = $1', [tx.workspaceId]))
            .rowCount;
        });
      const waiting = (): Promise<object[]> =>
        world.rows(
          `SELECT 1 FROM pg_locks WHERE $1::uuid IS NOT NULL AND locktype = 'advisory' AND NOT granted`,
        );
      let published: Promise<void> | undefined;
      const instances = world.get(InstanceStore);
      const insert = instances.insert.bind(instances);
      jest.spyOn(instances, 'insert').mockImplementationOnce(async (...args) => {
        published = publish();
        while (found === undefined && (await waiting()).length === 0);
        return insert(...args);
      });
      await turn();
      await published;
      expect(found).toBe(1);
    });
  });

  describe('leave nothing of a profile that was erased between their reading and their writing', () => {
    interface Place {
      table: string;
      column: string;
    }
    /** Rows of journeys' tables that are of a person, by any column that says so. */
    const left = async (person: number, profileId: string, instances: string[]): Promise<string[]> => {
      const places = await world.rows<Place>(
        `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
         WHERE $1::uuid IS NOT NULL AND table_schema = 'percorso' AND table_name LIKE 'journey%'
           AND column_name IN ('person', 'home', 'profile_id', 'instance_id')`,
      );
      expect(places.length).toBeGreaterThan(10);
      const found: string[] = [];
      for (const { table, column } of places) {
        const values = { person: [person], home: [person], profile_id: [profileId], instance_id: instances };
        const rows = await world.rows(
          `SELECT 1 FROM ${table} WHERE workspace_id = $1 AND ${column}::text = ANY($2::text[])`,
          values[column as keyof typeof values].map(String),
        );
        if (rows.length > 0) found.push(`${table}.${column}`);
      }
      return found;
    };
    const nap = { wait: { for: '1h' }, next: 'hello' };
    const hears = (): object =>
      waits({
        start: 'hello',
        steps: { hello: world.send('"Hello"', { next: 'nap', failed: 'nap' }), nap: { wait: { for: '1h' } } },
      });

    it.each<[string, () => Promise<string>, () => Promise<unknown>]>([
      ['who enters', () => world.journey(waits()), () => world.accept(world.event('ann', 'Go'))],
      [
        'who is refused',
        () => world.journey(waits({ where: { trait: { path: 'tier', op: 'eq', value: 'gold' } } })),
        () => world.accept(world.event('ann', 'Go')),
      ],
      [
        'whose wait is over',
        async () => {
          const journey = await world.journey(
            waits({
              steps: {
                nap: { ...nap, next: 'note' },
                note: { update: { traits: { seen: 'true' } }, next: 'hello' },
                hello: world.send('"Hello"'),
              },
            }),
          );
          await world.say(world.event('ann', 'Go'));
          return journey;
        },
        async () => world.clock.advance(HOUR),
      ],
      [
        'who jumps',
        async () => {
          const other = await world.journey(waits({ entries: [{ api: {} }] }));
          const jump = { jump: { journey: other } };
          const journey = await world.journey(waits({ steps: { nap: { ...nap, next: 'jump' }, jump } }));
          await world.say(world.event('ann', 'Go'));
          return journey;
        },
        async () => world.clock.advance(HOUR),
      ],
      [
        'who reaches the goal after leaving',
        async () => {
          const journey = await world.journey(
            waits({ goal: { event: { name: 'Bought' } }, steps: { nap: { wait: { for: '1h' } } } }),
          );
          await world.say(world.event('ann', 'Go'));
          await world.pass(HOUR);
          return journey;
        },
        () => world.accept(world.event('ann', 'Bought')),
      ],
      [
        'whose message was decided while the journey is paused',
        async () => {
          const journey = await world.journey(hears());
          await world.say(world.event('ann', 'Go'));
          await world.setState(journey, 'paused');
          return journey;
        },
        () =>
          world.rows(
            `UPDATE effect SET state = 'accepted', updated_at = $2 WHERE workspace_id = $1`,
            world.clock.now(),
          ),
      ],
    ])('%s', async (_who, make, happen) => {
      await world.say(world.profile('ann'));
      const journey = await make();
      const person = await world.person('ann');
      const [profile] = await world.rows<{ id: string }>(
        'SELECT id FROM profile WHERE workspace_id = $1 AND person = $2',
        person,
      );
      const instances = (await world.instances(journey)).map(({ id }) => id);
      await happen();
      await world.apply();
      let erased: Record<string, number> = {};
      before(async () => (erased = await world.erase('ann')));
      await world.turns();
      expect(erased).toHaveProperty('journeys');
      expect(await left(person, profile!.id, instances)).toEqual([]);
      expect(
        await world.rows(`SELECT 1 FROM effect WHERE workspace_id = $1 AND payload IS NOT NULL`),
      ).toEqual([]);
      // What comes later is of nobody.
      await world.pass(2 * HOUR);
      expect(await left(person, profile!.id, instances)).toEqual([]);
    });
  });

  it('go on with everybody else where the steps of one cannot be walked', async () => {
    const journey = await world.journey(waits());
    await world.say(...go('ann', 'ben'));
    const ben = await world.person('ben');
    await world.rows(
      `UPDATE journey_instance SET tokens = '[{"step": "gone", "visit": 1, "frames": [], "wait": {"kind": "time", "due": 0}}]'
       WHERE workspace_id = $1 AND person = $2`,
      ben,
    );
    await world.pass(HOUR);
    expect(await persons()).toEqual([await world.person('ann')]);
    const ends = (await world.instances(journey)).map(({ person, endReason }) => [person, endReason]);
    expect(new Map(ends as [number, string][]).get(ben)).toBe('error');
  });

  it('keep nobody from moving for a version that no release at hand can read, nor those on it', async () => {
    const [journey, other] = [await world.journey(waits()), await world.journey(waits())];
    await world.say(...go('ann'));
    await world.publish(journey, waits());
    const write = (definition: object): Promise<unknown> =>
      world.rows(
        `WITH written AS (UPDATE journey_version SET definition = $3 WHERE workspace_id = $1 AND journey_id = $2 AND version = 1)
         UPDATE journey SET version = version + 1 WHERE workspace_id = $1`,
        journey,
        JSON.stringify(definition),
      );
    await write({ version: 99 });
    await world.pass(2 * HOUR);
    expect(await world.instances(other)).toMatchObject([{ state: 'ended' }]);
    expect(await world.instances(journey)).toMatchObject([{ state: 'active' }]);
    await world.say(...go('ben'));
    expect(await world.instances(other)).toHaveLength(2);
    await write(waits());
    await world.turns();
    expect(await world.instances(journey)).toMatchObject([{ state: 'ended' }, { state: 'active' }]);
  });

  it('keep what expressions give that no database takes', async () => {
    const steps = {
      keep: { update: { context: { odd: '"a" & $decodeUrlComponent("%00")' } }, next: 'nap' },
      nap: { wait: { for: '1h' } },
    };
    const journey = await world.journey(waits({ start: 'keep', steps }));
    await world.say(...go('ann'));
    expect(await world.instances(journey)).toMatchObject([{ context: { odd: 'a\uFFFD' } }]);
  });

  it('of two processes keep to their own persons, and to caps that they share', async () => {
    const journey = await world.journey(waits({ caps: { total: 25 } }));
    await world.accept(...go(...users(60)));
    await world.apply();
    const halves = [world.held.slice(0, 2), world.held.slice(2)];
    const all = async (): Promise<void> => {
      await Promise.all(
        halves.map(async (held) => {
          for (let more = true; more;) {
            const { taken, more: left } = await turn(held);
            more = taken > 0 || left;
          }
        }),
      );
    };
    await all();
    expect(await world.instances(journey)).toHaveLength(25);
    expect(await world.refusals(journey)).toHaveLength(35);
    world.clock.advance(HOUR);
    await all();
    const sent = await persons();
    expect(sent).toHaveLength(25);
    expect(new Set(sent).size).toBe(25);
  });

  it('go on when the persons come to be in more partitions', async () => {
    const journey = await world.journey(waits());
    await world.say(...go(...users(10)));
    await world.database.tx(world.workspaceId, (tx) => world.get(CursorStore).split(tx, 8));
    // Who still thinks that there are four writes nothing of the others.
    world.held = Array.from({ length: 8 }, (_, partition) => ({ partition, fence: '0' }));
    await world.say(...go('late'));
    await world.pass(HOUR);
    expect(await world.instances(journey)).toHaveLength(11);
    expect(new Set(await persons()).size).toBe(11);
    expect(await persons()).toHaveLength(11);
  });

  it('go on after a restore began another epoch of the membership log', async () => {
    const gold = await world.newAudience({ trait: { path: 'tier', op: 'eq', value: 'gold' } });
    await world.evaluate(gold);
    const journey = await world.journey(waits({ entries: [{ audience: { id: gold, on: 'enter' } }] }));
    await world.say(world.profile('ann', { tier: 'gold' }));
    await world.rows('UPDATE membership_log SET epoch = epoch + 1 WHERE workspace_id = $1');
    await world.say(world.profile('ben', { tier: 'gold' }));
    expect(await world.instances(journey)).toHaveLength(2);
    expect(await world.refusals(journey)).toEqual([]);
  });

  it.each([
    ['', async () => undefined],
    [' and is not in the log any more', () => world.rows('DELETE FROM ingest_log WHERE workspace_id = $1')],
  ])('leave out what came while no journey was live%s, once one is published again', async (_, forget) => {
    const journey = await world.journey(waits());
    await world.say(...go('ann'));
    await world.pass(HOUR);
    await world.setState(journey, 'stopped');
    await world.turns();
    await world.say(...go('ben'));
    const [head] = await world.rows<{ pos: number }>(
      'SELECT applied::float8 AS pos FROM ingest_head WHERE workspace_id = $1',
    );
    await forget();
    world.clock.advance(HOUR);
    await world.setState(journey, 'live');
    await world.publish(journey, waits());
    const called = jest.spyOn(world.get(EventReader), 'called');
    await world.say(...go('cleo'));
    expect(called.mock.calls[0]![3].after).toBeGreaterThanOrEqual(head!.pos);
    expect(await world.instances(journey)).toMatchObject([{}, { person: await world.person('cleo') }]);
  });

  it('take events up again from where they left off, once a journey is live again', async () => {
    const first = await world.journey(waits());
    await world.say(...go('ann'));
    await world.pass(HOUR);
    await world.setState(first, 'stopped');
    await world.turns();
    const asleep = await world.rows('SELECT 1 FROM journey_cursor WHERE workspace_id = $1 AND awake');
    expect(asleep).toEqual([]);
    await world.say(...go('ben'));
    world.clock.advance(1);
    const second = await world.journey(waits());
    await world.say(...go('cleo'));
    expect(await world.instances(first)).toHaveLength(1);
    expect(await world.instances(second)).toMatchObject([{ person: await world.person('cleo') }]);
  });
});
