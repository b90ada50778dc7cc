import { newId } from '@percorso/kernel';
import { AudienceService, MembershipStore, Sequencer } from '@percorso/segmentation';
import { ReadScheduler } from './intake/read-scheduler';
import { useJourneyWorld } from './testing/journey-fixture';
import type { JourneyWorld } from './testing/journey-world';

const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('audiences that are read', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));
  let gold: string;

  const gilded = (...users: string[]): Promise<void> =>
    world.say(...users.map((user) => world.profile(user, { tier: 'gold' })));
  const reading = (read: object, more: object = {}): object => ({
    version: 1,
    entries: [{ read: { audience: gold, ...read } }],
    start: 'hello',
    steps: { hello: world.send('"Hello"') },
    ...more,
  });
  const entered = async (journey: string): Promise<number> => (await world.instances(journey)).length;

  beforeEach(async () => {
    gold = await world.newAudience({ trait: { path: 'tier', op: 'eq', value: 'gold' } });
    await gilded('ann', 'ben', 'cleo');
  });

  it('are read when it is time, each member once', async () => {
    const journey = await world.journey(reading({ cron: '0 6 * * *', zone: 'UTC' }));
    await world.pass(18 * HOUR - 1);
    expect(await entered(journey)).toBe(0);
    await world.pass(1);
    expect(await entered(journey)).toBe(3);
    await world.pass(HOUR);
    expect(await entered(journey)).toBe(3);
    await world.pass(23 * HOUR);
    expect(await entered(journey)).toBe(6);
    expect(
      await world.rows('SELECT 1 FROM journey_read WHERE workspace_id = $1 AND ended_at IS NULL'),
    ).toEqual([]);
  });

  it('give those only who joined since they were read last', async () => {
    const journey = await world.journey(reading({ cron: '0 6 * * *', only: 'new' }));
    await world.pass(DAY);
    expect(await entered(journey)).toBe(3);
    world.clock.advance(1);
    await gilded('dora');
    await world.pass(DAY);
    expect(await entered(journey)).toBe(4);
  });

  it('lose nobody whose joining is seen later than it was', async () => {
    const journey = await world.journey(reading({ cron: '0 6 * * *', only: 'new' }));
    await world.say(world.profile('dora', {}), world.profile('ewa', {}));
    const joined = async (user: string, at: Date): Promise<void> => {
      const cause = { kind: 'reconciliation', evaluationId: newId() } as const;
      const change = {
        audienceId: gold,
        person: await world.person(user),
        member: true,
        cause,
        definitionVersion: 1,
      };
      await world.database.tx(world.workspaceId, (tx) =>
        world.get(MembershipStore).applyMany(tx, [change], at),
      );
    };
    await world.pass(18 * HOUR - 1);
    const before = world.clock.now();
    await world.pass(1);
    expect(await entered(journey)).toBe(3);
    // The transaction of an evaluation that took long.
    await joined('dora', before);
    await world.pass(DAY - 1);
    // Committed before it is time, and not numbered yet: the read waits for that.
    await joined('ewa', world.clock.now());
    world.clock.advance(1);
    expect(await world.get(ReadScheduler).look(world.workspaceId)).toBe(0);
    await world.get(Sequencer).drain(world.workspaceId);
    await world.pass(0);
    expect(await entered(journey)).toBe(5);
    await world.pass(DAY);
    expect(await entered(journey)).toBe(5);
  });

  it('are read after the first evaluation since the journey is live, though nobody looked before it', async () => {
    await world.evaluate(gold);
    const journey = await world.journey(reading({ afterEvaluation: true }));
    await world.evaluate(gold);
    await world.pass(0);
    expect(await entered(journey)).toBe(3);
  });

  it('are read after they were evaluated', async () => {
    const journey = await world.journey(reading({ afterEvaluation: true }));
    await world.pass(DAY);
    expect(await entered(journey)).toBe(0);
    await world.evaluate(gold);
    await world.pass(0);
    expect(await entered(journey)).toBe(3);
    await world.pass(DAY);
    expect(await entered(journey)).toBe(3);
  });

  it('are read at a rate, and on from where a worker left off', async () => {
    await gilded(...Array.from({ length: 37 }, (_, index) => `u${index}`));
    const journey = await world.journey(reading({ cron: '0 6 * * *', perSecond: 8 }));
    await world.pass(18 * HOUR);
    const counts = [await entered(journey)];
    for (let second = 1; second <= 6; second++) {
      await world.pass(SECOND);
      counts.push(await entered(journey));
    }
    expect(counts[0]).toBeLessThanOrEqual(8);
    counts.slice(1).forEach((count, index) => expect(count - counts[index]!).toBeLessThanOrEqual(8));
    expect(counts.at(-1)).toBe(40);
    const persons = (await world.instances(journey)).map(({ person }) => person);
    expect(new Set(persons).size).toBe(40);
  });

  it('wait while their journey is paused, and end when it takes nobody any more', async () => {
    const [paused, stopped] = [
      await world.journey(reading({ cron: '0 6 * * *', perSecond: 1 })),
      await world.journey(reading({ cron: '0 6 * * *', perSecond: 1 })),
    ];
    await world.pass(18 * HOUR);
    await world.setState(paused, 'paused');
    await world.setState(stopped, 'draining');
    const before = [await entered(paused), await entered(stopped)];
    await world.pass(HOUR);
    expect([await entered(paused), await entered(stopped)]).toEqual(before);
    await world.setState(paused, 'live');
    for (let second = 0; second < 12; second++) await world.pass(SECOND);
    expect([await entered(paused), await entered(stopped)]).toEqual([3, before[1]]);
  });

  it('are read no more once they are archived', async () => {
    const [daily, slow, sale] = [
      await world.journey(reading({ cron: '0 6 * * *' })),
      await world.journey(reading({ cron: '0 6 * * *', perSecond: 1 })),
      await world.journey(
        reading({}, { entries: [{ business: { event: { name: 'Sale' }, audience: gold } }] }),
      ),
    ];
    await world.pass(18 * HOUR);
    expect([await entered(daily), await entered(slow)]).toEqual([3, expect.any(Number)]);
    const before = await entered(slow);
    expect(before).toBeLessThan(3);
    const archive = world.get(AudienceService).archive(world.workspaceId, gold, 'spec');
    await expect(archive).rejects.toMatchObject({ code: 'in-use', detail: expect.stringContaining(sale) });
    // One that was published at that very moment would not have been seen.
    await world.rows(`UPDATE audience SET state = 'archived' WHERE workspace_id = $1 AND id = $2`, gold);
    for (let second = 0; second < 5; second++) await world.pass(SECOND);
    await world.say(world.event('shop', 'Sale'));
    await world.pass(DAY);
    expect([await entered(daily), await entered(slow), await entered(sale)]).toEqual([3, before, 0]);
    expect(await world.rows('SELECT FROM journey_read WHERE workspace_id = $1 AND ended_at IS NULL')).toEqual(
      [],
    );
  });

  it('enter when something happens that concerns all of them', async () => {
    const journey = await world.journey({
      version: 1,
      entries: [
        {
          business: {
            event: { name: 'Sale', where: [{ path: 'off', op: 'gte', value: 20 }] },
            audience: gold,
          },
        },
      ],
      start: 'hello',
      steps: { hello: world.send('"Sale: " & event.properties.off & " off"') },
    });
    await world.say(world.event('shop', 'Sale', { off: 10 }), world.event('shop', 'Sale', { off: 30 }));
    await world.pass(SECOND);
    expect(await entered(journey)).toBe(3);
    expect(await world.subjects()).toEqual(Array(3).fill('Sale: 30 off'));
  });
});
