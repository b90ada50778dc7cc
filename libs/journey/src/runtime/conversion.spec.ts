import { InsightService } from '../insight/insight.service';
import { JourneyHousekeeping } from './care/journey-housekeeping';
import { SubjectReader } from './intake/subject-reader';
import { useJourneyWorld } from './testing/journey-fixture';
import type { JourneyWorld } from './testing/journey-world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('conversion', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));

  const campaign = (more: object = {}): object => ({
    version: 1,
    entries: [{ event: { name: 'Go' } }],
    goal: { event: { name: 'Bought' }, within: '1d' },
    start: 'nap',
    steps: { nap: { wait: { for: '1h' } } },
    ...more,
  });
  const users = (count: number): string[] => Array.from({ length: count }, (_, index) => `u${index}`);
  const go = async (...all: string[]): Promise<void> => {
    await world.say(...all.flatMap((user) => [world.profile(user), world.event(user, 'Go')]));
  };
  const buy = (...all: string[]): Promise<void> =>
    world.say(...all.map((user) => world.event(user, 'Bought')));
  const report = (journey: string, version?: number) =>
    world.get(InsightService).report(world.workspaceId, journey, version);
  /** Until no window that is over is left uncounted. */
  const keepHouse = async (): Promise<void> => {
    world.clock.advance(7 * MINUTE);
    await world.get(JourneyHousekeeping).turn(world.workspaceId, () => false);
  };
  const reasons = async (journey: string): Promise<(string | null)[]> =>
    (await world.instances(journey)).map(({ endReason }) => endReason);

  it('is watched for as long of who walked and of who is held out, wherever their steps have ended', async () => {
    const journey = await world.journey(campaign({ holdout: 50 }));
    await go(...users(40));
    await world.pass(2 * HOUR);
    const groups = await world.rows<{ holdout: boolean; users: string[] }>(
      `SELECT i.holdout, array_agg(n.value ORDER BY n.value) AS users FROM journey_instance i
       JOIN identity_node n ON n.workspace_id = $1 AND n.person = i.person AND n.namespace = 'user_id'
       WHERE i.workspace_id = $1 GROUP BY 1 ORDER BY 1`,
    );
    const [walked, heldOut] = groups.map((group) => group.users) as [string[], string[]];
    // Nobody who walks is inside any more, whoever is held out still is.
    expect(await report(journey)).toMatchObject({
      inside: heldOut.length,
      ended: { completed: walked.length },
      walked: { entered: walked.length, reached: 0, pending: { entered: walked.length }, rate: null },
      lift: null,
    });
    await buy(walked[0]!, heldOut[0]!);
    await world.pass(22 * HOUR - 1);
    await buy(walked[1]!, heldOut[1]!);
    await world.pass(1);
    await buy(walked[2]!, heldOut[2]!);
    await keepHouse();
    const { walked: one, heldOut: other, lift, inside } = await report(journey);
    const none = { entered: 0, reached: 0 };
    expect(inside).toBe(0);
    expect(one).toEqual({ entered: walked.length, reached: 2, pending: none, rate: 2 / walked.length });
    expect(other).toEqual({ entered: heldOut.length, reached: 2, pending: none, rate: 2 / heldOut.length });
    expect(lift!.difference).toBeCloseTo(2 / walked.length - 2 / heldOut.length);
  });

  it('keeps nobody from entering again: each entry has its window, and one who is held out stays in it', async () => {
    const journey = await world.journey(campaign({ reentry: { after: '2h' }, caps: { total: 3 } }));
    await go('ann');
    await world.pass(2 * HOUR);
    await go('ann');
    expect(await world.instances(journey)).toMatchObject([{ state: 'ended' }, { state: 'active' }]);
    await buy('ann');
    expect(await reasons(journey)).toEqual(['completed', 'goal']);
    expect((await report(journey)).walked).toMatchObject({ entered: 2, reached: 2 });
    await buy('ann');
    expect((await report(journey)).walked).toMatchObject({ entered: 2, reached: 2 });

    const held = await world.journey(campaign({ holdout: 100 }));
    await go('ben');
    await world.pass(DAY - 1);
    await go('ben');
    expect(await world.refusals(held)).toEqual(['inside']);
    await world.pass(1);
    expect(await reasons(held)).toEqual(['completed']);
    await go('ben');
    expect(await world.instances(held)).toHaveLength(2);
  });

  it('counts whatever ended the steps, in a turn with it too, and while the journey is paused', async () => {
    const exit = await world.journey(
      campaign({ exits: [{ event: { name: 'Left' } }], steps: { nap: { wait: { for: '2d' } } } }),
    );
    const instant = await world.journey(campaign({ start: 'end', steps: { end: { end: {} } } }));
    await world.accept(
      ...['Go', 'Left', 'Bought', 'Bought'].map((name) => world.event('ann', name)),
      world.profile('ben'),
      world.event('ben', 'Go'),
      world.event('ben', 'Left'),
    );
    await world.apply();
    await world.turns();
    expect((await report(exit)).walked).toMatchObject({ entered: 2, reached: 1 });
    expect((await report(instant)).walked).toMatchObject({ entered: 2, reached: 1 });
    await world.setState(exit, 'paused');
    await buy('ben');
    expect((await report(exit)).walked).toMatchObject({ reached: 2 });
    const [, ben] = await world.instances(exit);
    expect(await world.trace(ben!.id)).toEqual([
      '* entered',
      'nap entered',
      'nap stopped',
      '* ended',
      '* goal',
    ]);
  });

  it('goes on when the journey is a draft again, where nobody moves', async () => {
    const journey = await world.journey(campaign());
    await go('ann', 'ben');
    await world.setState(journey, 'draft');
    await world.rows(
      'UPDATE journey SET live_version = NULL, followed_until = $2 WHERE workspace_id = $1',
      new Date(world.clock.now().getTime() + DAY),
    );
    await buy('ben');
    expect((await report(journey)).walked).toMatchObject({ reached: 1 });
    await world.pass(DAY / 2);
    expect((await world.instances(journey)).map(({ state }) => state).sort()).toEqual(['active', 'ended']);
  });

  it('goes on when the journey is stopped, until the last window is over', async () => {
    const journey = await world.journey(campaign());
    await go('ann', 'ben');
    await world.setState(journey, 'stopped');
    const until = new Date(world.clock.now().getTime() + DAY);
    await world.rows(
      'UPDATE journey SET followed_until = $3 WHERE workspace_id = $1 AND id = $2',
      journey,
      until,
    );
    await world.pass(HOUR);
    expect(await world.instances(journey)).toMatchObject([{ state: 'active' }, { state: 'active' }]);
    await keepHouse();
    expect(await reasons(journey)).toEqual(['stopped', 'stopped']);
    await buy('ann');
    await go('cleo');
    expect((await report(journey)).walked).toMatchObject({ entered: 2, reached: 1 });
    world.clock.set(until);
    await keepHouse();
    expect((await report(journey)).walked).toMatchObject({ rate: 0.5 });
    const ended = 'SELECT FROM journey WHERE workspace_id = $1 AND followed_until IS NULL';
    expect(await world.rows(ended)).toHaveLength(1);
  });

  it('is counted under the version that was entered, wherever somebody was moved', async () => {
    const journey = await world.journey(campaign({ steps: { nap: { wait: { for: '2h' } } } }));
    await go('ann', 'ben');
    await world.publish(journey, campaign({ goal: { event: { name: 'Bought' }, within: '2d' } }));
    await world.rows(
      `UPDATE journey_instance SET version = 2, revision = revision + 1 WHERE workspace_id = $1 AND journey_id = $2`,
      journey,
    );
    await buy('ann');
    await world.pass(DAY);
    await keepHouse();
    expect((await report(journey, 1)).walked).toMatchObject({ entered: 2, reached: 1, rate: 0.5 });
    expect((await report(journey, 2)).walked).toMatchObject({ entered: 0, reached: 0, rate: null });
  });

  it('goes with a profile that is merged, and leaves no count open of one that is erased', async () => {
    const journey = await world.journey(campaign());
    const loose = { type: 'track', anonymousId: 'a1', event: 'Go', messageId: 'loose' };
    await world.say(loose, world.profile('ann'), world.profile('ben'), world.event('ben', 'Go'));
    await world.pass(HOUR);
    await world.say({ type: 'identify', userId: 'ann', anonymousId: 'a1', messageId: 'both', traits: {} });
    await buy('ann');
    expect((await report(journey)).walked).toMatchObject({ entered: 2, reached: 1 });
    await world.erase('ben');
    expect((await report(journey)).walked).toMatchObject({ pending: { entered: 1, reached: 1 }, rate: 0 });
    await world.pass(DAY);
    await keepHouse();
    expect((await report(journey)).walked).toMatchObject({ pending: { entered: 0, reached: 0 }, rate: 0.5 });
  });

  it('was reached by the profile, whichever of two that became one had reached it', async () => {
    const goal = { event: { name: 'Bought' }, ends: false };
    const journey = await world.journey(campaign({ goal, steps: { nap: { wait: { for: '12h' } } } }));
    await go('ann');
    world.clock.advance(1000);
    const loose = (event: string): object => ({
      ...{ type: 'track', anonymousId: 'a1', messageId: `loose-${event}`, event },
    });
    await world.say(loose('Go'), loose('Bought'));
    await world.say({ type: 'identify', userId: 'ann', anonymousId: 'a1', messageId: 'both', traits: {} });
    const [one, other] = await world.instances(journey);
    expect([one, other]).toMatchObject([{ state: 'active' }, { endReason: 'merged' }]);
    expect(one!.goalAt).toEqual(other!.goalAt);
    expect(await world.trace(one!.id)).toEqual(['* entered', 'nap entered', '* goal']);
    await buy('ann');
    expect((await report(journey)).walked).toMatchObject({ entered: 2, reached: 2 });
  });

  it('reads who has left only when something happens that may be the goal', async () => {
    const journey = await world.journey(campaign());
    await go('ann');
    await world.pass(HOUR);
    const followed = jest.spyOn(world.get(SubjectReader)['instances'], 'followed');
    await go('ann');
    await buy('ann', 'ben');
    expect(followed.mock.calls.map(([, { journeys }]) => journeys).flat()).toEqual([journey]);
    followed.mockRestore();
  });

  it('ends with the window: what is cleared of ended instances was counted before', async () => {
    const journey = await world.journey(campaign({ goal: { event: { name: 'Bought' }, within: '365d' } }));
    await go('ann');
    await world.pass(HOUR);
    world.clock.advance(365 * DAY - 2 * HOUR);
    await keepHouse();
    expect(await world.instances(journey)).toHaveLength(1);
    world.clock.advance(2 * HOUR);
    await keepHouse();
    expect(await world.instances(journey)).toEqual([]);
    expect((await report(journey)).walked).toMatchObject({ pending: { entered: 0 }, rate: 0 });
  });
});
