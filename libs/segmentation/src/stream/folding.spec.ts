import fc from 'fast-check';
import { eventCondition, LOOKUPS, manyEvents, NOW } from '../compile/arbitraries';
import { holds, type Subject } from '../compile/reference-evaluator';
import { Arrival, parsed, planFor, steps } from './arrival';

const SEED = Number(process.env.PERCORSO_SEED);
const CASES = Math.max(40, Number(process.env.PERCORSO_CASES ?? 500) / 5);

describe('folding of older events into totals', () => {
  it(`leaves every answer as it was (seed ${SEED}, ${CASES} cases)`, () => {
    let folded = 0;
    fc.assert(
      fc.property(
        manyEvents,
        fc.array(eventCondition, { minLength: 12, maxLength: 16 }),
        steps,
        (events, conditions, waits) => {
          const definitions = conditions.map(parsed);
          const plan = planFor(definitions);
          const person: Subject = {
            person: 1,
            traits: {},
            identities: [],
            accounts: [],
            lists: [],
            lookups: LOOKUPS,
            consent: {},
            events: [],
          };
          const arrival = new Arrival(plan, person);
          const times = [0, ...waits].sort((a, b) => a - b).map((wait) => NOW.getTime() + wait);
          // Some of them come late: when time has passed and older ones are totals already.
          for (const [turn, now] of times.entries()) {
            for (const event of partOf(events, turn, times.length)) {
              arrival.arrive(event, now);
              person.events.push(event);
            }
            definitions.forEach(({ where }, program) => {
              const wanted = holds(where, person, now);
              expect({ where, now, holds: arrival.ask(program, now).holds }).toEqual({
                where,
                now,
                holds: wanted,
              });
            });
          }
          if (arrival.folded) folded += 1;
        },
      ),
      { seed: SEED, numRuns: CASES, endOnFailure: true },
    );
    expect(folded / CASES).toBeGreaterThan(0.5);
  });
});

const partOf = <T>(items: readonly T[], turn: number, turns: number): T[] =>
  items.slice(Math.floor((turn * items.length) / turns), Math.floor(((turn + 1) * items.length) / turns));
