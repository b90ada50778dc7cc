import fc from 'fast-check';
import { flatten } from '@percorso/profile';
import { LOOKUPS, NOW, OWN_LIST } from '../compile/arbitraries';
import { holds, type Subject } from '../compile/reference-evaluator';
import type { Definition } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { resolveAudiences } from '../definition/resolve-audiences';
import { Answers } from './answer';
import type { Answer } from './event-answer';
import { PersonCache, type PersonState } from './person-cache';
import { type Plan, planOf } from './plan';

const DAY = 86_400_000;

/** For specs: a definition from the JSON of its condition. */
export function parsed(where: object): Definition {
  const result = parseDefinition({ version: 1, where });
  const resolved = result.ok && resolveAudiences(result.definition, () => 'unknown-audience', OWN_LIST);
  if (!resolved || !resolved.ok) throw new TypeError(JSON.stringify({ result, resolved }));
  return resolved.definition;
}

export const planFor = (definitions: readonly Definition[]): Plan =>
  planOf(
    definitions.map(({ where }, index) => ({
      id: String(index),
      definitionVersion: 1,
      backfilledVersion: 1,
      where,
    })),
  );

/** One person whose events arrive one after another, asked again and again as time passes. */
export class Arrival {
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
      {
        person: 1,
        pos: 0,
        messageId: '',
        name,
        occurredAt: new Date(event.at),
        receivedAt: new Date(now),
        values,
      },
      now,
    );
  }

  /** Whether some of the events are kept as totals only. */
  get folded(): boolean {
    return this.plan.slots.some((slot) => this.state.matches(slot).totals.count > 0);
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
export const steps = fc.array(
  fc
    .tuple(fc.constantFrom(0, 1, 2, 6, 7, 23, 29, 30, 60, 83, 90), fc.constantFrom(-1, 0, 1, 2, 3_600_000))
    .map(([days, shift]) => Math.max(0, days * DAY + shift)),
  { minLength: 1, maxLength: 8 },
);

/**
 * A person's events arrive one by one at the first of some moments, and the person is asked at each of them: every answer
 * is that of the plain evaluator, and whoever sleeps until the moment told misses no change.
 * @returns whether some answer changed on the way
 */
export function follow(
  plan: Plan,
  definitions: readonly Definition[],
  subject: Subject,
  events: Subject['events'],
  times: readonly number[],
  start = NOW.getTime(),
): boolean {
  const arrival = new Arrival(plan, subject);
  const seen: Subject = { ...subject, events: [] };
  const before = definitions.map(({ where }) => holds(where, seen, start));
  let moved = false;
  // One check each would be most of the time taken: it is made only where it fails.
  const ask = (program: number, now: number): Answer => {
    const { where } = definitions[program]!;
    const wanted = holds(where, seen, now);
    const answer = arrival.ask(program, now);
    moved ||= wanted !== before[program];
    if (answer.holds !== wanted || answer.due <= now)
      expect({ where, seen, now, answer }).toEqual({ holds: wanted });
    return answer;
  };
  for (const event of events) {
    arrival.arrive(event, start);
    seen.events.push(event);
    definitions.forEach((_, program) => ask(program, start));
  }
  definitions.forEach(({ where }, program) => {
    let last = ask(program, start);
    for (const now of times) {
      const answer = ask(program, now);
      if (answer.holds !== last.holds && last.due > now)
        expect({ where, seen, now, last }).toEqual('told in time');
      last = answer;
    }
  });
  return moved;
}
