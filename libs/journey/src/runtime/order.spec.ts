import { useJourneyWorld } from './testing/journey-fixture';
import type { JourneyWorld } from './testing/journey-world';

const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

describe('the order in which journeys take things up', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));

  /** Waits an hour for a purchase, else reminds. */
  const cart = (): object => ({
    version: 1,
    entries: [{ event: { name: 'Cart' } }],
    start: 'await',
    steps: {
      await: {
        await: { any: [{ event: { name: 'Bought' }, next: 'thanks' }], timeout: '1h' },
        timedOut: 'remind',
      },
      thanks: world.send('"Thanks"'),
      remind: world.send('"Remember"'),
    },
  });

  it('takes up what was due before an event first, however late it looks', async () => {
    await world.journey(cart());
    await world.say(world.profile('ann'), world.event('ann', 'Cart'));
    world.clock.advance(HOUR + SECOND);
    // Nobody looked meanwhile: the hour was over when she bought.
    await world.say(world.event('ann', 'Bought'));
    expect(await world.subjects()).toEqual(['Remember']);
    const [sent] = await world.messages();
    expect(sent?.at).toEqual(new Date(world.clock.now().getTime() - SECOND));
  });

  it('waits for events that were received earlier and are not applied yet', async () => {
    await world.journey(cart());
    await world.say(world.profile('ann'), world.event('ann', 'Cart'));
    world.clock.advance(HOUR - SECOND);
    await world.accept(world.event('ann', 'Bought'));
    world.clock.advance(10 * SECOND);
    await world.turnsOnly();
    expect(await world.subjects()).toEqual([]);
    await world.apply();
    await world.turns();
    expect(await world.subjects()).toEqual(['Thanks']);
  });

  it('does so for five minutes at most', async () => {
    await world.journey(cart());
    await world.say(world.profile('ann'), world.event('ann', 'Cart'));
    world.clock.advance(HOUR - MINUTE);
    await world.accept(world.event('ann', 'Bought'));
    world.clock.advance(7 * MINUTE);
    await world.turnsOnly();
    expect(await world.subjects()).toEqual(['Remember']);
  });

  it('acts when it takes things up, after an outage', async () => {
    await world.journey({
      version: 1,
      entries: [{ event: { name: 'Cart' } }],
      start: 'an-hour',
      steps: {
        'an-hour': { wait: { for: '1h' }, next: 'first' },
        first: world.send('"First"', { next: 'another' }),
        another: { wait: { for: '1h' }, next: 'second' },
        second: world.send('"Second"'),
      },
    });
    await world.say(world.profile('ann'), world.event('ann', 'Cart'));
    await world.pass(24 * HOUR);
    expect(await world.subjects()).toEqual(['First']);
    await world.pass(HOUR - 1);
    expect(await world.subjects()).toEqual(['First']);
    await world.pass(1);
    expect(await world.subjects()).toEqual(['First', 'Second']);
  });

  it('walks a long way in one turn where everything is due', async () => {
    await world.journey({
      version: 1,
      entries: [{ event: { name: 'Go' } }],
      start: 'loop',
      steps: {
        loop: { loop: { body: 'nap', times: 300 }, next: 'done' },
        nap: { wait: { for: '1s' } },
        done: world.send('"Done"'),
      },
    });
    await world.say(world.profile('ann'), world.event('ann', 'Go'));
    await world.pass(5 * MINUTE);
    await world.pass(0);
    expect(await world.subjects()).toEqual(['Done']);
    const [sent] = await world.messages();
    expect(sent?.at).toEqual(world.clock.now());
  });
});
