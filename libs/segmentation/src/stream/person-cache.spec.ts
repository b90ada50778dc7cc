import { definitionOf } from '../compile/set-fixture';
import { PersonCache } from './person-cache';
import { planOf } from './plan';

const NOW = Date.UTC(2026, 5, 15);

describe('PersonCache', () => {
  const { where } = definitionOf({ all: [{ event: { name: 'A' } }, { event: { name: 'B' } }] });
  const plan = planOf([{ id: 'x', definitionVersion: 1, backfilledVersion: 1, where }]);
  const eventOf = (person: number) => ({
    person,
    pos: 1,
    messageId: 'm',
    name: 'A',
    occurredAt: new Date(NOW),
    receivedAt: new Date(NOW),
    properties: {},
  });

  it('gives up those not used for longest, also when slots without events were looked at', () => {
    // A person, a slot and an event: 3 each.
    const cache = new PersonCache(plan);
    for (let person = 1; person <= 20; person++) {
      const state = cache.build(person, [eventOf(person)], NOW);
      expect(plan.slots.map((slot) => state.matches(slot).times.length)).toEqual([1, 0]);
    }
    cache.shrink(12);
    const left = Array.from({ length: 20 }, (_, index) => index + 1).filter((person) => cache.get(person));
    expect(left).toEqual([17, 18, 19, 20]);
  });

  it('counts what it takes up later', () => {
    const cache = new PersonCache(plan);
    for (let person = 1; person <= 4; person++) cache.build(person, [], NOW);
    const state = cache.get(4)!;
    for (let turn = 0; turn < 8; turn++) cache.offer(state, eventOf(4), NOW);
    expect(state.size).toBe(10);
    cache.shrink(12);
    expect([1, 2, 3, 4].filter((person) => cache.get(person))).toEqual([2, 3, 4]);
  });
});
