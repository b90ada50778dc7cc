import { useJourneyWorld } from './testing/journey-fixture';
import type { JourneyWorld } from './testing/journey-world';

const HOUR = 3_600_000;

describe('journey turns', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));

  const cart = (more: object = {}): object => ({
    version: 1,
    entries: [{ event: { name: 'Cart Updated', where: [{ path: 'total', op: 'gte', value: 20 }] } }],
    start: 'an-hour',
    steps: {
      'an-hour': { wait: { for: '1h' }, next: 'remind' },
      remind: world.send('"Hello " & profile.traits.name'),
    },
    ...more,
  });

  it('takes an event to a message when its time has come', async () => {
    const journey = await world.journey(cart());
    await world.say(world.profile('ann', { name: 'Ann' }), world.event('ann', 'Cart Updated', { total: 30 }));
    await world.say(world.profile('ben'), world.event('ben', 'Cart Updated', { total: 10 }));
    expect(await world.instances(journey)).toMatchObject([
      { state: 'active', person: await world.person('ann') },
    ]);
    await world.pass(HOUR - 1);
    expect(await world.messages()).toEqual([]);
    await world.pass(1);
    expect(await world.messages()).toMatchObject([
      {
        state: 'pending',
        payload: { to: 'ann@example.org', subject: 'Hello Ann' },
        at: world.clock.now(),
      },
    ]);
    const [instance] = await world.instances(journey);
    expect(instance).toMatchObject({ state: 'ended', endReason: 'completed' });
    await world.pass(HOUR);
    expect(await world.messages()).toHaveLength(1);
  });
});
