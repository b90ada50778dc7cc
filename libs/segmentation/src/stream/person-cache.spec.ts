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
    const cache = new PersonCache(plan);
    for (let person = 1; person <= 20; person++) {
      const state = cache.build(person, [eventOf(person)], NOW);
      expect(plan.slots.map((slot) => state.matches(slot).count)).toEqual([1, 0]);
    }
    cache.shrink((4 * cache.kept) / 20);
    const left = Array.from({ length: 20 }, (_, index) => index + 1).filter((person) => cache.get(person));
    expect(left).toEqual([17, 18, 19, 20]);
  });

  it('counts what it takes up later', () => {
    const cache = new PersonCache(plan);
    for (let person = 1; person <= 4; person++) cache.build(person, [], NOW);
    const [state, before] = [cache.get(4)!, cache.kept];
    const sizes = Array.from({ length: 8 }, () => {
      cache.offer(state, eventOf(4), NOW);
      return state.size;
    });
    expect(new Set(sizes.slice(1).map((size, index) => size - sizes[index]!))).toEqual(new Set([8]));
    expect(cache.kept).toBe(before - before / 4 + state.size);
    cache.shrink(cache.kept - 1);
    expect([1, 2, 3, 4].filter((person) => cache.get(person))).toEqual([2, 3, 4]);
  });

  it('spares those who were looked at since it last gave somebody up', () => {
    const cache = new PersonCache(plan);
    for (let person = 1; person <= 6; person++) cache.build(person, [eventOf(person)], NOW);
    for (const person of [1, 3, 5]) cache.get(person);
    const each = cache.kept / 6;
    cache.shrink(3 * each);
    expect([1, 2, 3, 4, 5, 6].filter((person) => cache.has(person))).toEqual([1, 3, 5]);
    cache.get(3);
    cache.shrink(each);
    expect([1, 3, 5].filter((person) => cache.has(person))).toEqual([3]);
  });
});
