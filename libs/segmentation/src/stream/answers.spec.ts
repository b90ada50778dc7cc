import fc from 'fast-check';
import { flatten } from '@percorso/profile';
import { arbitraryCondition, arbitrarySubjects, LOOKUPS, NOW } from '../compile/arbitraries';
import { holds, type Subject } from '../compile/reference-evaluator';
import { Arrival, parsed, planFor } from './arrival';

const SEED = Number(process.env.PERCORSO_SEED);
const CASES = Math.max(100, Number(process.env.PERCORSO_CASES ?? 500) / 2);
const DAY = 86_400_000;

/** What may happen to a person between two looks. */
const happenings = fc.array(
  fc.tuple(
    fc.constantFrom(
      ...(['events', 'events', 'events', 'time', 'time', 'time'] as const),
      ...(['profile', 'identities', 'woken', 'items'] as const),
    ),
    fc.nat(),
    fc.constantFrom(0, 1, 2, 6, 7, 23, 29, 30, 60, 90),
    fc.constantFrom(-1, 0, 1, 2, 3_600_000),
  ),
  { minLength: 5, maxLength: 25 },
);

describe('answers kept from one look to the next', () => {
  let slept = 0;
  let moved = 0;

  afterAll(() => {
    expect(slept).toBeGreaterThan(CASES);
    expect(moved).toBeGreaterThan(CASES / 3);
  });

  it(`are those that would be found anew, whatever changed meanwhile (seed ${SEED}, ${CASES} cases)`, () => {
    fc.assert(
      fc.property(
        arbitrarySubjects,
        fc.array(arbitraryCondition, { minLength: 6, maxLength: 9 }),
        happenings,
        (subjects, conditions, changes) => {
          const definitions = conditions.map(parsed);
          const plan = planFor(definitions);
          const others = subjects.flatMap(({ events }) => events);
          const subject: Subject = { ...subjects[0]!, events: [], lookups: structuredClone(LOOKUPS) };
          // Of accounts that change it is the only member.
          subject.everyone = [subject];
          const arrival = new Arrival(plan, subject);
          let now = NOW.getTime();
          let version = 1;
          arrival.look(now, version);
          for (const [kind, chance, days, shift] of changes) {
            const pick = <T>(list: readonly T[]): T => list[chance % list.length]!;
            const other = pick(subjects);
            let woken = false;
            const before = definitions.map((_, program) => arrival.told(program));
            switch (kind) {
              case 'events':
                for (let more = chance % 3; more >= 0 && others.length > 0; more--) {
                  const event = others[(chance + more) % others.length]!;
                  arrival.arrive(event, now);
                  subject.events.push(event);
                }
                break;
              case 'time':
                now += Math.max(0, days * DAY + shift);
                woken = chance % 2 === 0;
                // Nobody has to be looked at before the moment told.
                definitions.forEach(({ where }, program) => {
                  const { due, holds: held } = before[program]!;
                  if (due <= now) return;
                  slept += 1;
                  if (holds(where, subject, now) !== held)
                    expect({ where, subject, now, due, held }).toEqual('told in time');
                });
                break;
              case 'profile':
                version += 1;
                Object.assign(subject, { traits: other.traits, consent: other.consent });
                Object.assign(subject, { accounts: other.accounts });
                break;
              case 'identities':
                subject.identities = other.identities;
                break;
              case 'woken':
                woken = true;
                Object.assign(subject, { accounts: other.accounts, lists: other.lists });
                break;
              case 'items': {
                const name = pick(Object.keys(LOOKUPS));
                const key = pick(Object.keys(LOOKUPS[name]!));
                const fields = LOOKUPS[name]![pick(Object.keys(LOOKUPS[name]!).reverse())]!;
                if (days === 0) delete subject.lookups![name]![key];
                else subject.lookups![name]![key] = fields;
                plan.items.set(name, key, days === 0 ? undefined : flatten(fields));
              }
            }
            arrival.look(now, version, woken);
            definitions.forEach(({ where }, program) => {
              const { holds: held, due } = arrival.told(program);
              if (held !== before[program]!.holds) moved += 1;
              if (held !== holds(where, subject, now) || due <= now)
                expect({ where, subject, now, kind, due, held }).toEqual('as if found anew');
            });
          }
        },
      ),
      { seed: SEED, numRuns: CASES, endOnFailure: true },
    );
  });

  it('follow an item that changes, of an event and of a trait, in every audience that looks at it', () => {
    const test = { path: 'sku', lookup: 'product', field: 'kind', op: 'eq', value: 'shoe' };
    const [event, trait] = [{ event: { name: 'A', where: [test] } }, { trait: test }];
    const plan = planFor([event, { all: [event] }, trait, { any: [trait] }].map(parsed));
    const nobody = { person: 1, identities: [], accounts: [], lists: [], consent: {}, events: [] };
    const arrival = new Arrival(plan, { ...nobody, traits: { sku: 'new' } });
    const now = NOW.getTime();
    const held = (): boolean[] => {
      arrival.look(now);
      return plan.programs.map((_, program) => arrival.told(program).holds);
    };
    arrival.arrive({ name: 'A', at: now - 1, properties: { sku: 'new' } }, now);
    expect(held()).toEqual([false, false, false, false]);
    plan.items.set('product', 'new', flatten({ kind: 'shoe' }));
    expect(held()).toEqual([true, true, true, true]);
    plan.items.set('product', 'new', undefined);
    expect(held()).toEqual([false, false, false, false]);
  });
});
