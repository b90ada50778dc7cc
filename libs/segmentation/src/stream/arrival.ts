import fc from 'fast-check';
import { canonicalJson } from '@percorso/kernel';
import { flatten, type PersonEvent } from '@percorso/profile';
import { LOOKUPS, NOW, OWN_LIST } from '../compile/arbitraries';
import { holds, type Subject } from '../compile/reference-evaluator';
import type { Definition } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { resolveAudiences } from '../definition/resolve-audiences';
import { type Answer, dueOf, holdsOf } from './answer';
import { Answers } from './answers';
import { PersonCache } from './person-cache';
import type { PersonState } from './person-state';
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

interface Told {
  holds: boolean;
  due: number;
}

/** One person whose events arrive one after another, asked again and again as time passes. */
export class Arrival {
  private readonly cache: PersonCache;
  private readonly state: PersonState;
  private readonly answers: Answers;
  /** Of each program, from the last time it had to be asked. */
  private readonly last: Answer[] = [];
  /** Everybody else, whose events have all come. */
  private readonly others: readonly Arrival[];
  /** Who satisfied what is asked of members, as of the last look. */
  private known = '';

  constructor(
    private readonly plan: Plan,
    private readonly subject: Subject,
    start = NOW.getTime(),
  ) {
    for (const [name, items] of Object.entries(LOOKUPS)) {
      for (const [key, fields] of Object.entries(items)) plan.items.set(name, key, flatten(fields));
    }
    this.cache = new PersonCache(plan);
    this.state = this.cache.build(subject.person, [], 0);
    this.answers = new Answers(plan);
    const others = plan.members.length > 0 ? (subject.everyone ?? []) : [];
    this.others = others
      .filter(({ person }) => person !== subject.person)
      .map((other) => {
        const arrival = new Arrival(plan, { ...other, everyone: [] }, start);
        for (const event of other.events) arrival.arrive(event, start);
        return arrival;
      });
  }

  arrive(event: Subject['events'][number], now: number): void {
    this.cache.offer(this.state, arrived(event, now), now);
  }

  /** Whether some of the events are kept as totals only. */
  get folded(): boolean {
    return this.plan.slots.some((slot) => this.state.matches(slot).totals.count > 0);
  }

  /** Ask what has to be asked again. */
  look(now: number, profileVersion = 1, woken = false): void {
    for (const other of this.others) other.askAgain(now, 1, false);
    this.askAgain(now, profileVersion, woken);
    const known = this.everyone.map(({ satisfied }) => satisfied).join();
    // Members of accounts are woken where others satisfy something now, or do no more.
    if (known !== this.known && this.plan.members.length > 0) this.askAgain(now, profileVersion, true);
    this.known = known;
  }

  /** The answer of a program, and until when, since the last look. */
  told(program: number): Told {
    const { index, members } = this.plan.programs[program]!;
    const answer = this.last[index]!;
    // Members are woken by moments of their own.
    const dues = members.flatMap((member) => this.everyone.map(({ last }) => dueOf(last[member.index]!)));
    return { holds: holdsOf(answer), due: Math.min(dueOf(answer), ...dues) };
  }

  ask(program: number, now: number): Told {
    this.look(now);
    return this.told(program);
  }

  private get groups(): string[] {
    return this.subject.accounts.map(canonicalJson);
  }

  private get everyone(): readonly Arrival[] {
    return [this, ...this.others];
  }

  /** Which conditions on members it satisfies. */
  private get satisfied(): string {
    return this.plan.members.map(({ index }) => Number(holdsOf(this.last[index]!))).join('');
  }

  private askAgain(now: number, profileVersion: number, woken: boolean): void {
    const person = {
      profile: {
        ...this.subject,
        traits: flatten(this.subject.traits),
        accounts: this.subject.accounts.map(flatten),
        groups: this.groups,
        members: {
          has: (condition: number, account: string, except?: number) =>
            this.everyone.some(
              ({ subject, groups, last }) =>
                subject.person !== except &&
                groups.includes(account) &&
                holdsOf(last[this.plan.members[condition]!.index] ?? -Infinity),
            ),
        },
      },
      matches: (slot: number) => this.state.matches(this.plan.slots[slot]!),
    };
    for (const asked of this.answers.ask(this.state, person, { now, profileVersion, woken }))
      this.last[asked.index] = this.answers.of(asked);
  }
}

/** An event as it comes. */
export const arrived = ({ name, at, properties }: Subject['events'][number], now: number): PersonEvent => ({
  person: 1,
  pos: 0,
  messageId: '',
  name,
  occurredAt: new Date(at),
  receivedAt: new Date(now),
  properties,
});

/** The items in an order of their own. */
export function shuffled<T>(items: readonly T[], order: Iterator<number>): T[] {
  const rest = [...items];
  const result: T[] = [];
  while (rest.length > 0) result.push(...rest.splice((order.next().value as number) % rest.length, 1));
  return result;
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
  const arrival = new Arrival(plan, subject, start);
  const seen: Subject = { ...subject, events: [] };
  const before = definitions.map(({ where }) => holds(where, seen, start));
  let moved = false;
  // One check each would be most of the time taken: it is made only where it fails.
  const ask = (program: number, now: number): Told => {
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
  const last = definitions.map((_, program) => ask(program, start));
  for (const now of times) {
    definitions.forEach(({ where }, program) => {
      const answer = ask(program, now);
      const { holds: held, due } = last[program]!;
      if (answer.holds !== held && due > now)
        expect({ where, seen, now, last: last[program] }).toEqual('told in time');
      last[program] = answer;
    });
  }
  return moved;
}
