import fc from 'fast-check';
import { flatten } from '@percorso/profile';
import { arbitraryCondition, arbitrarySubjects, LOOKUPS, NOW, OWN_LIST } from '../compile/arbitraries';
import { holds, type Subject } from '../compile/reference-evaluator';
import { type Definition, type Leaf, leavesOf } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { resolveAudiences } from '../definition/resolve-audiences';
import { Answers } from './answer';
import type { Answer } from './event-answer';
import { PersonCache, type PersonState } from './person-cache';
import { type Plan, planOf } from './plan';

const SEED = Number(process.env.PERCORSO_SEED ?? Date.now() % 1_000_000_000);
const CASES = Number(process.env.PERCORSO_CASES ?? 500);
const DAY = 86_400_000;
const KINDS = [
  'trait',
  'consent',
  'account',
  'list',
  'identity',
  'calendar',
  'sample',
  'event',
  'every',
  'firstEvent',
  'sequence',
] as const satisfies readonly Leaf['kind'][];

function parsed(where: object): Definition {
  const result = parseDefinition({ version: 1, where });
  const resolved = result.ok && resolveAudiences(result.definition, () => 'unknown-audience', OWN_LIST);
  if (!resolved || !resolved.ok) throw new TypeError(JSON.stringify({ result, resolved }));
  return resolved.definition;
}

const planFor = (definitions: readonly Definition[]): Plan =>
  planOf(
    definitions.map(({ where }, index) => ({
      id: String(index),
      definitionVersion: 1,
      backfilledVersion: 1,
      where,
    })),
  );

/** One person whose events arrive one after another, asked again and again as time passes. */
class Arrival {
  private readonly cache: PersonCache;
  private readonly state: PersonState;

  constructor(
    private readonly plan: Plan,
    private readonly subject: Subject,
  ) {
    for (const [name, items] of Object.entries(LOOKUPS)) {
      for (const [key, fields] of Object.entries(items)) plan.items.set(name, key, flatten(fields));
    }
    this.cache = new PersonCache(plan);
    this.state = this.cache.build(1, [], 0);
  }

  arrive(event: Subject['events'][number], now: number): void {
    const values = flatten(event.properties);
    const { name } = event;
    this.cache.offer(
      this.state,
      { person: 1, pos: 0, messageId: '', name, occurredAt: new Date(event.at), values },
      now,
    );
  }

  ask(program: number, now: number): Answer {
    const person = {
      profile: {
        ...this.subject,
        traits: flatten(this.subject.traits),
        accounts: this.subject.accounts.map(flatten),
      },
      matches: (slot: number) => this.state.matches(this.plan.slots[slot]!),
    };
    return new Answers(this.plan, person, now, 'UTC').of(this.plan.programs[program]!);
  }
}

/** Moments after now around which windows of the definitions end. */
const steps = fc.array(
  fc
    .tuple(fc.constantFrom(0, 1, 2, 6, 7, 23, 29, 30, 60, 83, 90), fc.constantFrom(-1, 0, 1, 2, 3_600_000))
    .map(([days, shift]) => Math.max(0, days * DAY + shift)),
  { minLength: 1, maxLength: 8 },
);

describe('incremental evaluation', () => {
  let changed = 0;
  let cases = 0;
  /** Answers that would be others without the items that events name. */
  let lookedUp = 0;
  const seenKinds = new Map<string, number>();

  afterAll(() => {
    // A property that mostly asks about nothing would prove nothing.
    expect(changed / cases).toBeGreaterThan(0.3);
    expect(lookedUp / cases).toBeGreaterThan(0.05);
    const rare = KINDS.filter((kind) => (seenKinds.get(kind) ?? 0) < cases * 0.05);
    expect(rare).toEqual([]);
  });

  it(`agrees with the plain evaluator in any order of arrival and at any time (seed ${SEED}, ${CASES} cases)`, () => {
    fc.assert(
      fc.property(
        arbitrarySubjects,
        fc.array(arbitraryCondition, { minLength: 6, maxLength: 9 }),
        fc.infiniteStream(fc.nat()),
        steps,
        (subjects, conditions, order, waits) => {
          const definitions = conditions.map(parsed);
          const plan = planFor(definitions);
          const times = [...new Set(waits)].sort((a, b) => a - b).map((wait) => NOW.getTime() + wait);
          const kinds = definitions.flatMap(({ where }) => [...leavesOf(where)].map(({ kind }) => kind));
          for (const kind of new Set(kinds)) seenKinds.set(kind, (seenKinds.get(kind) ?? 0) + 1);
          const moved = subjects
            .slice(0, 4)
            .map((subject) => tell(plan, definitions, subject, shuffled(subject.events, order), times));
          cases += 1;
          if (moved.includes(true)) changed += 1;
        },
      ),
      { seed: SEED, numRuns: CASES },
    );
  });

  /** True when some answer changed on the way. */
  function tell(
    plan: Plan,
    definitions: readonly Definition[],
    subject: Subject,
    events: Subject['events'],
    times: readonly number[],
  ): boolean {
    const arrival = new Arrival(plan, subject);
    const seen: Subject = { ...subject, events: [] };
    const before = definitions.map(({ where }) => holds(where, seen, NOW.getTime()));
    let moved = false;
    for (const event of events) {
      arrival.arrive(event, NOW.getTime());
      seen.events.push(event);
      definitions.forEach(({ where }, program) => {
        const wanted = holds(where, seen, NOW.getTime());
        moved ||= wanted !== before[program];
        if (wanted !== holds(where, { ...seen, lookups: {} }, NOW.getTime())) lookedUp += 1;
        expect({ where, holds: arrival.ask(program, NOW.getTime()).holds }).toEqual({ where, holds: wanted });
      });
    }
    definitions.forEach(({ where }, program) => {
      let last = arrival.ask(program, NOW.getTime());
      for (const now of times) {
        const wanted = holds(where, seen, now);
        // Whoever sleeps until the moment told must not have missed a change.
        if (wanted !== last.holds) expect({ where, due: last.due <= now }).toEqual({ where, due: true });
        moved ||= wanted !== before[program];
        last = arrival.ask(program, now);
        expect({ where, now, holds: last.holds }).toEqual({ where, now, holds: wanted });
        expect(last.due).toBeGreaterThan(now);
      }
    });
    return moved;
  }
});

function shuffled<T>(items: readonly T[], order: Iterator<number>): T[] {
  const rest = [...items];
  const result: T[] = [];
  while (rest.length > 0) result.push(...rest.splice((order.next().value as number) % rest.length, 1));
  return result;
}
