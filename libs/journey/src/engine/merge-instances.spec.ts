import type { Instance } from './instance';
import { mergeInstances } from './merge-instances';
import { goalOf, journeyOf, waitFor } from './testing/journeys';
import { Player } from './testing/player';

const T0 = Date.UTC(2026, 10, 25, 12);
const HOUR = 3_600_000;
const goal = goalOf('Order Completed', { ends: false });

describe('two instances whose profiles became one', () => {
  const instance = (id: string, at: number, more: Partial<Instance> = {}): Instance => {
    const journey = journeyOf({ wait: waitFor(HOUR) }, { goal });
    return { ...new Player(journey).enter(at, { id, holdout: more.holdout ?? false }).instance, ...more };
  };
  const merge = (rule: 'oldest' | 'newest' | 'none', a: Instance, b: Instance) =>
    [
      mergeInstances(journeyOf({ wait: waitFor(HOUR) }, { goal, merge: rule }), a, b, T0 + HOUR),
      mergeInstances(journeyOf({ wait: waitFor(HOUR) }, { goal, merge: rule }), b, a, T0 + HOUR),
    ].map(({ goesOn, ended }) => ({
      goesOn: goesOn?.id ?? null,
      goalAt: goesOn?.goalAt,
      ended: ended.map((one) => `${one.instance.id} ${one.instance.endReason}`).sort(),
    }));
  const both = <T>(one: T): T[] => [one, one];
  const [old, young] = [instance('b', T0), instance('a', T0 + 1)];

  it('go on as one, as the journey says, in whichever order they are given', () => {
    expect(merge('oldest', old, young)).toEqual(both({ goesOn: 'b', goalAt: null, ended: ['a merged'] }));
    expect(merge('newest', old, young)).toEqual(both({ goesOn: 'a', goalAt: null, ended: ['b merged'] }));
    expect(merge('none', old, young)).toEqual(
      both({ goesOn: null, goalAt: undefined, ended: ['a merged', 'b merged'] }),
    );
  });

  it('are told apart by their ids when they entered at one moment', () => {
    const same = instance('a', T0);
    expect(merge('oldest', old, same)).toEqual(both({ goesOn: 'a', goalAt: null, ended: ['b merged'] }));
  });

  it('keep the earlier goal', () => {
    const [first, later] = [
      { ...young, goalAt: T0 + 5 },
      { ...old, goalAt: T0 + 9 },
    ];
    expect(merge('oldest', old, first)).toEqual(both({ goesOn: 'b', goalAt: T0 + 5, ended: ['a merged'] }));
    expect(merge('oldest', later, first)).toEqual(both({ goesOn: 'b', goalAt: T0 + 5, ended: ['a merged'] }));
  });

  it('each with its own window', () => {
    const before = { ...old, goalAt: T0 };
    expect(merge('newest', before, young)).toEqual(both({ goesOn: 'a', goalAt: null, ended: ['b merged'] }));
    const after = { ...young, goalAt: T0 + 5 };
    const short = { ...old, goalUntil: T0 + 5 };
    expect(merge('oldest', short, after)).toEqual(both({ goesOn: 'b', goalAt: null, ended: ['a merged'] }));
  });

  it('the one that is held out gives way', () => {
    const held = instance('b', T0, { holdout: true });
    expect(merge('oldest', held, young)).toEqual(both({ goesOn: 'a', goalAt: null, ended: ['b merged'] }));
  });
});
