import { conditionsOf, watchedAudiences, watchedNames, watchesReactions } from './program';
import { journeyOf, sendStep, watched } from './testing/journeys';
import { valueAt } from './testing/oracle';

const granted = { kind: 'consent', channel: 'email', is: 'granted' } as const;
const journey = journeyOf(
  {
    send: sendStep({ next: 'wait' }),
    wait: {
      kind: 'await',
      arms: [
        { for: { reaction: { to: 'send', is: 'opened' } } },
        { for: { event: watched('Login') } },
        { for: { audience: { id: 'gold', on: 'enter' } } },
      ],
      next: 'either/or',
    },
    'either/or': {
      kind: 'branch',
      arms: [{ where: { jsonata: 'x' } }, { where: granted }],
      next: 'loop',
    },
    loop: { kind: 'loop', body: 'body', times: 2, while: granted },
    body: sendStep(),
  },
  {
    entries: [{ kind: 'event', event: watched('Cart Updated'), backfill: false }],
    goal: { watch: { event: watched('Order Completed') }, ends: true },
    exits: [{ audience: { id: 'lapsed', on: 'enter' } }],
  },
);

describe('what a definition watches and asks', () => {
  it('names events and audiences that may move who is inside, entries not among them', () => {
    expect([...watchedNames(journey)]).toEqual(['Order Completed', 'Login']);
    expect([...watchedAudiences(journey)]).toEqual(['lapsed', 'gold']);
    expect(watchesReactions(journey)).toBe(true);
    expect(watchesReactions(journeyOf({ send: sendStep() }))).toBe(false);
  });

  it('has conditions under the pointers by which they are asked', () => {
    const conditions = conditionsOf(journey);
    expect([...conditions.keys()]).toEqual(['/steps/either~1or/arms/1/where', '/steps/loop/while']);
    for (const [pointer, condition] of conditions) expect(valueAt(journey, pointer)).toBe(condition);
  });
});
