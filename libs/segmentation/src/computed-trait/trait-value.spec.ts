import fc from 'fast-check';
import { flatten } from '@percorso/profile';
import { arbitrarySubjects, LOOKUPS, manyEvents, measuredTrait, NOW } from '../compile/arbitraries';
import type { Subject } from '../compile/reference-evaluator';
import { nobody } from '../compile/set-fixture';
import { arrived, shuffled, steps } from '../stream/arrival';
import { PersonCache } from '../stream/person-cache';
import { planOf } from '../stream/plan';
import { parseTrait } from './parse-trait';
import { referenceValue } from './reference-value';
import type { MeasuredTrait } from './trait-definition';
import { type TimedValue, valueOf } from './trait-value';

const SEED = Number(process.env.PERCORSO_SEED);
const CASES = Number(process.env.PERCORSO_CASES ?? 500);

function measuredOf(json: object): MeasuredTrait {
  const parsed = parseTrait(json);
  if (!parsed.ok || parsed.trait.kind !== 'measure') throw new TypeError(JSON.stringify(parsed));
  return parsed.trait;
}

describe('valueOf', () => {
  /** One person whose events come one by one, asked for each trait as time goes on. */
  function follow(
    traits: readonly MeasuredTrait[],
    events: Subject['events'],
    times: readonly number[],
  ): Set<string> {
    const plan = planOf(
      [],
      'UTC',
      undefined,
      traits.map((definition, index) => ({ key: `t${index}`, definition, settled: true })),
    );
    for (const [name, items] of Object.entries(LOOKUPS)) {
      for (const [key, fields] of Object.entries(items)) plan.items.set(name, key, flatten(fields));
    }
    const cache = new PersonCache(plan);
    const state = cache.build(1, [], 0);
    const seen: Subject = { ...nobody, lookups: LOOKUPS, events: [] };
    const changed = new Set<string>();
    const ask = (trait: MeasuredTrait, index: number, now: number): TimedValue => {
      const [slot] = plan.leaves[plan.traits[index]!.leaves[0]!]!.slots;
      const answer = valueOf(trait, state.matches(slot!), now);
      const wanted = referenceValue(trait, seen, now);
      if (answer.value !== wanted || answer.due <= now)
        expect({ trait, seen, now, answer }).toEqual({ wanted });
      return answer;
    };
    const start = NOW.getTime();
    for (const { name, at, properties } of events) {
      cache.offer(state, arrived({ name, at, properties }, start), start);
      seen.events.push({ name, at, properties });
      traits.forEach((trait, index) => ask(trait, index, start));
    }
    traits.forEach((trait, index) => {
      const first = ask(trait, index, start);
      let last = first;
      if (first.value !== referenceValue(trait, { ...seen, events: [] }, start))
        changed.add(trait.measure.of);
      for (const now of times) {
        const answer = ask(trait, index, now);
        if (answer.value !== last.value) changed.add(`${trait.measure.of} by time`);
        if (answer.value !== last.value && last.due > now)
          expect({ trait, seen, now, last, answer }).toEqual('told in time');
        last = answer;
      }
    });
    return changed;
  }

  const at = (waits: readonly number[]): number[] =>
    [...new Set(waits)].sort((a, b) => a - b).map((wait) => NOW.getTime() + wait);

  it(`is the plain value in any order of arrival, at any time, and knows when it changes (seed ${SEED}, ${CASES} cases)`, () => {
    const changed = new Map<string, number>();
    fc.assert(
      fc.property(
        arbitrarySubjects,
        fc.array(measuredTrait, { minLength: 6, maxLength: 9 }),
        fc.infiniteStream(fc.nat()),
        steps,
        (subjects, traits, order, waits) => {
          for (const { events } of subjects.slice(0, 4)) {
            const moved = follow(traits.map(measuredOf), shuffled(events, order), at(waits));
            for (const one of moved) changed.set(one, (changed.get(one) ?? 0) + 1);
          }
        },
      ),
      { seed: SEED, numRuns: CASES, endOnFailure: true },
    );
    // A property that mostly asks about nothing would prove nothing.
    const rare = [
      'count',
      'sum',
      'min',
      'max',
      'avg',
      'distinct',
      'first',
      'last',
      'mostFrequent',
      'firstValue',
      'lastValue',
    ].filter((of) => !changed.has(of) || (CASES >= 5000 && !changed.has(`${of} by time`)));
    expect(rare).toEqual([]);
  });

  it(`is so where events are folded into totals (seed ${SEED})`, () => {
    fc.assert(
      fc.property(
        manyEvents,
        fc.array(measuredTrait, { minLength: 6, maxLength: 6 }),
        steps,
        (events, traits, waits) => {
          follow(traits.map(measuredOf), events, at(waits));
        },
      ),
      { seed: SEED, numRuns: Math.ceil(CASES / 20), endOnFailure: true },
    );
  });

  it('rounds averages half away from zero, and has no value that would be too large to be kept', () => {
    const ask = (measure: object, ...amounts: number[]): unknown => {
      const definition = measuredOf({ version: 1, event: { name: 'A', measure } });
      const plan = planOf([], 'UTC', undefined, [{ key: 't', definition, settled: true }]);
      const cache = new PersonCache(plan);
      const at = NOW.getTime();
      const events = amounts.map((spent) => arrived({ name: 'A', at, properties: { spent } }, at));
      return valueOf(definition, cache.build(1, events, at).matches(plan.slots[0]!), at).value;
    };
    const avg = { avg: 'spent' };
    expect([ask(avg, 0.000000001, 0), ask(avg, -0.000000001, 0)]).toEqual([1n, -1n]);
    expect([ask(avg, 1, 1, 0), ask(avg, -1, -1, 0)]).toEqual([666666667n, -666666667n]);
    expect([ask(avg, 6e28, 6e28), ask(avg)]).toEqual([6n * 10n ** 37n, undefined]);
    expect([ask({ sum: 'spent' }, 6e28, 6e28), ask({ sum: 'spent' }, 6e28)]).toEqual([
      undefined,
      6n * 10n ** 37n,
    ]);
  });
});
