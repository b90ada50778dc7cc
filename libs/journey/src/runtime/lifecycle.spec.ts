import { Leases } from '@percorso/storage';
import { JourneyHousekeeping } from './care/journey-housekeeping';
import { InstanceStore } from './keep/instance.store';
import { JourneyWorker } from './journey-worker';
import { useJourneyWorld } from './testing/journey-fixture';
import type { JourneyWorld } from './testing/journey-world';
import { WAITS } from './intake/what-waits';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('people on a journey', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));

  const waits = (more: object = {}): object => ({
    version: 1,
    entries: [{ event: { name: 'Bought' } }],
    start: 'two-hours',
    steps: { 'two-hours': { wait: { for: '2h' }, next: 'hello' }, hello: world.send('"Hello"') },
    ...more,
  });
  const states = async (journey: string): Promise<string[]> =>
    (await world.instances(journey)).map(({ state, endReason }) => endReason ?? state);
  const anonymous = (id: string, event: string): object => ({
    ...{
      type: 'track',
      messageId: `a-${id}-${event}-${world.clock.now().getTime()}`,
      anonymousId: id,
      event,
    },
  });
  const known = (userId: string, anonymousId: string): object => ({
    ...{ type: 'identify', messageId: `k-${userId}-${anonymousId}`, userId, anonymousId, traits: {} },
  });

  describe('when profiles become one', () => {
    it.each([
      ['oldest', ['active', 'merged']],
      ['newest', ['merged', 'active']],
      ['none', ['merged', 'merged']],
    ])('go on by the rule %s', async (merge, expected) => {
      const journey = await world.journey(waits({ merge }));
      await world.say(world.profile('ann'), world.event('ann', 'Bought'));
      world.clock.advance(HOUR);
      await world.say(anonymous('cookie', 'Bought'));
      await world.say(known('ann', 'cookie'));
      expect(await states(journey)).toEqual(expected);
      await world.pass(2 * HOUR);
      expect(await world.subjects()).toHaveLength(merge === 'none' ? 0 : 1);
    });

    it('keep what only one of them was on, and give it back when they part', async () => {
      const journey = await world.journey(waits({ key: 'id' }));
      const bought = (id: string, who: object): object => ({
        ...{ type: 'track', messageId: `b-${id}`, event: 'Bought', properties: { id }, ...who },
      });
      await world.say(
        world.profile('ann'),
        bought('a', { userId: 'ann' }),
        bought('b', { anonymousId: 'cookie' }),
      );
      const before = await world.instances(journey);
      await world.say(known('ann', 'cookie'));
      const ann = await world.person('ann');
      expect((await world.instances(journey)).map(({ person }) => person)).toEqual([ann, ann]);
      await world.unmergeAll();
      expect((await world.instances(journey)).map(({ person }) => person)).toEqual(
        before.map(({ person }) => person),
      );
      await world.pass(2 * HOUR);
      expect(new Set((await world.messages()).map(({ person }) => person)).size).toBe(2);
    });

    it('stay on one journey of a group: the one with the highest priority, else where they have been longer', async () => {
      const grouped = (event: string, name: string, priority: number): Promise<string> =>
        world.journey(waits({ group: { name, priority }, entries: [{ event: { name: event } }] }));
      const [low, high] = [await grouped('Low', 'one', 1), await grouped('High', 'one', 2)];
      const [first, second] = [await grouped('First', 'two', 5), await grouped('Second', 'two', 5)];
      await world.say(world.profile('ann'), world.event('ann', 'Low'), world.event('ann', 'First'));
      world.clock.advance(HOUR);
      await world.say(anonymous('cookie', 'High'), anonymous('cookie', 'Second'));
      await world.say(known('ann', 'cookie'));
      expect([await states(low), await states(high)]).toEqual([['outranked'], ['active']]);
      expect([await states(first), await states(second)]).toEqual([['active'], ['outranked']]);
    });

    it('do not enter again what one of them was on before', async () => {
      const journey = await world.journey(waits({ reentry: 'once' }));
      await world.say(anonymous('cookie', 'Bought'));
      await world.pass(3 * HOUR);
      await world.say(world.profile('ann'), known('ann', 'cookie'), world.event('ann', 'Bought'));
      expect(await world.refusals(journey)).toEqual(['reentry']);
    });
  });

  it('are forgotten with all that is told of them', async () => {
    const journey = await world.journey(
      waits({ where: { trait: { path: 'email', op: 'exists', value: true } } }),
    );
    await world.say(world.event('ann', 'Bought'), world.profile('ann'), world.event('ann', 'Bought'));
    await world.say(world.profile('ben'), world.event('ben', 'Bought'));
    expect(await world.instances(journey)).toHaveLength(2);
    const erased = await world.erase('ann');
    expect(erased['journeys']).toBeGreaterThan(2);
    const [left] = await world.instances(journey);
    expect(left).toMatchObject({ person: await world.person('ben') });
    const rows = await world.rows<{ of: string; count: number }>(
      `SELECT 'trace' AS of, count(*)::int FROM journey_trace WHERE workspace_id = $1 AND instance_id <> $2
       UNION ALL SELECT 'refusal', count(*)::int FROM journey_refusal WHERE workspace_id = $1
       UNION ALL SELECT 'wait', count(*)::int FROM journey_wait WHERE workspace_id = $1 AND instance_id <> $2`,
      left!.id,
    );
    expect(rows.map(({ count }) => count)).toEqual([0, 0, 0]);
    await world.pass(2 * HOUR);
    expect(await world.messages()).toHaveLength(1);
  });

  describe('while it is paused', () => {
    it('stay where they are, and wait as much longer as it took', async () => {
      const journey = await world.journey(waits());
      await world.say(world.profile('ann'), world.event('ann', 'Bought'));
      await world.pass(HOUR);
      await world.setState(journey, 'paused');
      await world.pass(DAY);
      expect(await world.messages()).toEqual([]);
      await world.say(world.event('ben', 'Bought'));
      expect(await world.refusals(journey)).toEqual(['paused']);
      await world.setState(journey, 'live');
      await world.pass(HOUR - 1);
      expect(await world.messages()).toEqual([]);
      await world.pass(1);
      expect(await world.messages()).toHaveLength(1);
    });

    it('are looked for when it goes on, though nothing else happens', async () => {
      const waiting = (): Promise<object[]> =>
        world.rows(
          `SELECT l.partition FROM lease l CROSS JOIN (SELECT $2::timestamptz AS now, 0::smallint AS log) asked
           WHERE l.workspace_id = $1 AND l.kind = 'journey' AND ${WAITS}`,
          world.clock.now(),
        );
      const journey = await world.journey(waits());
      await world.say(world.profile('ann'), world.event('ann', 'Bought'));
      await world.setState(journey, 'paused');
      await world.pass(DAY);
      expect(await waiting()).toEqual([]);
      await world.setState(journey, 'live');
      expect(await waiting()).not.toEqual([]);
      await world.pass(2 * HOUR);
      expect(await world.messages()).toHaveLength(1);
    });

    it('are not looked at for another journey that goes on', async () => {
      const [paused, other] = [await world.journey(waits()), await world.journey(waits())];
      const users = Array.from({ length: 50 }, (_, n) => `u${n}`);
      await world.say(...users.flatMap((user) => [world.profile(user), world.event(user, 'Bought')]));
      await world.setState(paused, 'paused');
      await world.setState(other, 'paused');
      await world.pass(DAY);
      await world.rows(
        'DELETE FROM journey_wait w USING journey_instance i WHERE w.workspace_id = $1 AND i.workspace_id = $1 AND i.id = w.instance_id AND i.journey_id = $2',
        other,
      );
      const looked = await world.database.tx(world.workspaceId, async (tx) => {
        // Tables are small here.
        tx.send('SET LOCAL enable_seqscan = off');
        const read = async (): Promise<number> => {
          const { rows } = await tx.query<{ rows: number }>(
            `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_xact_user_tables
             WHERE relname IN ('journey_wait', 'journey_instance')`,
          );
          return rows[0]!.rows;
        };
        const before = await read();
        const found = await world.get(InstanceStore).unpark(tx, [[other], [1]], world.clock.now(), 1000);
        return { found, rows: (await read()) - before };
      });
      expect(looked).toEqual({ found: 0, rows: 0 });
    });

    it('are looked for by a process that comes when it has gone on for long', async () => {
      const journey = await world.journey(waits());
      await world.say(world.profile('ann'), world.event('ann', 'Bought'));
      await world.setState(journey, 'paused');
      await world.pass(DAY);
      await world.setState(journey, 'live');
      world.clock.advance(3 * HOUR);
      const leases = world.get(Leases);
      await world.rows(`UPDATE lease SET owner = $2 WHERE workspace_id = $1 AND kind = 'journey'`, leases.id);
      const held = jest.spyOn(leases, 'of').mockReturnValue(world.held);
      const worker = world.get(JourneyWorker);
      await worker['turnAll'](() => false);
      await worker['atOnce'].ended();
      held.mockRestore();
      expect(await world.messages()).toHaveLength(1);
    });

    it('do not wait longer for a date', async () => {
      const at = new Date(world.clock.now().getTime() + 2 * HOUR).toISOString();
      const steps = { date: { wait: { at }, next: 'hello' }, hello: world.send('"Hello"') };
      const journey = await world.journey({ ...waits(), start: 'date', steps });
      await world.say(world.profile('ann'), world.event('ann', 'Bought'));
      await world.setState(journey, 'paused');
      await world.pass(HOUR);
      await world.setState(journey, 'live');
      await world.pass(HOUR);
      expect(await world.messages()).toHaveLength(1);
    });

    it('can leave it, and are not moved by what they awaited', async () => {
      const journey = await world.journey(
        waits({
          exits: [{ event: { name: 'Unsubscribed' } }],
          steps: {
            'two-hours': { await: { any: [{ event: { name: 'Came' } }] }, next: 'hello' },
            hello: world.send('"Hello"'),
          },
        }),
      );
      await world.say(world.profile('ann'), world.event('ann', 'Bought'), world.event('ben', 'Bought'));
      await world.setState(journey, 'paused');
      await world.say(world.event('ann', 'Came'), world.event('ben', 'Unsubscribed'));
      await world.setState(journey, 'live');
      await world.turns();
      expect((await states(journey)).sort()).toEqual(['active', 'exit']);
      expect(await world.messages()).toEqual([]);
    });

    it('hear what became of their message when it goes on', async () => {
      const journey = await world.journey({
        ...waits(),
        start: 'hello',
        steps: { hello: world.send('"Hello"', { failed: 'again' }), again: world.send('"Again"') },
      });
      await world.say(world.profile('ann'), world.event('ann', 'Bought'));
      await world.setState(journey, 'paused');
      await world.settle('rejected', { code: 'mailbox-full' });
      expect(await world.subjects()).toEqual(['Hello']);
      await world.setState(journey, 'live');
      await world.turns();
      expect(await world.subjects()).toEqual(['Hello', 'Again']);
    });
  });

  it('finish while it drains, and leave when it is stopped', async () => {
    const [drained, stopped] = [await world.journey(waits()), await world.journey(waits())];
    await world.say(world.profile('ann'), world.event('ann', 'Bought'));
    await world.setState(drained, 'draining');
    await world.setState(stopped, 'stopped');
    await world.get(JourneyHousekeeping).turn(world.workspaceId, () => false);
    expect([await states(drained), await states(stopped)]).toEqual([['active'], ['stopped']]);
    await world.say(world.event('ben', 'Bought'));
    await world.pass(2 * HOUR);
    expect(await world.messages()).toHaveLength(1);
    expect([await states(drained), await states(stopped)]).toEqual([['completed'], ['stopped']]);
  });

  it('are kept for a time once they have left; whether they may come again is kept longer', async () => {
    const journey = await world.journey(
      waits({ reentry: 'once', where: { not: { trait: { path: 'x', op: 'exists', value: true } } } }),
    );
    await world.say(
      world.profile('ann'),
      world.event('ann', 'Bought'),
      world.profile('ben', { x: 1 }),
      world.event('ben', 'Bought'),
    );
    await world.pass(2 * HOUR);
    const keep = () => world.get(JourneyHousekeeping).turn(world.workspaceId, () => false);
    world.clock.advance(364 * DAY);
    await keep();
    expect(await world.instances(journey)).toHaveLength(1);
    expect(await world.refusals(journey)).toEqual([]);
    world.clock.advance(2 * DAY);
    await keep();
    expect(await world.instances(journey)).toEqual([]);
    expect(await world.rows('SELECT 1 FROM journey_trace WHERE workspace_id = $1')).toEqual([]);
    await world.say(world.event('ann', 'Bought'));
    expect(await world.refusals(journey)).toEqual(['reentry']);
  });

  it('may not come again though the journey was stopped when it was forgotten that they were on it', async () => {
    const once = waits({ reentry: 'once' });
    const journey = await world.journey(once);
    await world.say(world.profile('ann'), world.event('ann', 'Bought'));
    await world.pass(2 * HOUR);
    await world.setState(journey, 'stopped');
    await world.rows('UPDATE journey SET live_version = NULL WHERE workspace_id = $1');
    world.clock.advance(366 * DAY);
    await world.get(JourneyHousekeeping).turn(world.workspaceId, () => false);
    expect(await world.instances(journey)).toEqual([]);
    await world.setState(journey, 'live');
    await world.publish(journey, once);
    await world.say(world.event('ann', 'Bought'));
    expect(await world.refusals(journey)).toEqual(['reentry']);
  });
});
