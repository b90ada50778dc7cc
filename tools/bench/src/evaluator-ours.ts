import { flatten, type FlatValues, type PersonEvent } from '@percorso/profile';
import {
  Answers,
  PersonCache,
  type PersonState,
  type Plan,
  planOf,
  type Program,
} from '@percorso/segmentation';
import { type Flips, historyOf, type LeadingEvaluator, type Shop, type Touch } from './evaluator-work';
import type { ShopEvent } from './shop';
import type { ShopAudience } from './shop-audiences';

interface Profile {
  person: number;
  traits: FlatValues;
  consent: Record<string, Record<string, string>>;
  identities: { namespace: string; value: string }[];
  accounts: FlatValues[];
  lists: string[];
}

/** The hub's own evaluator, as a turn of the stream uses it, without what reads and writes. */
export class OurEvaluator implements LeadingEvaluator {
  readonly title = 'percorso';
  private readonly plan: Plan;
  private readonly profiles: Profile[];
  private cache: PersonCache;
  private readonly members = new Map<number, Set<number>>();
  private readonly numbers: ReadonlyMap<Program, number>;
  private lastDue = Infinity;
  private readonly programsOf = new Map<string, Program[]>();

  constructor(
    private readonly shop: Shop,
    audiences: readonly ShopAudience[],
  ) {
    this.plan = planOf(
      audiences.map(({ definition }, index) => ({
        id: String(index),
        definitionVersion: 1,
        backfilledVersion: 1,
        where: definition.where,
      })),
    );
    this.numbers = new Map(this.plan.programs.map((program, index) => [program, index]));
    this.profiles = shop.shoppers.map(({ traits, consent, email }, person) => ({
      person,
      traits: flatten(traits),
      consent: consentOf(consent),
      identities: [{ namespace: 'email', value: email }],
      accounts: [],
      lists: [],
    }));
    this.cache = new PersonCache(this.plan);
  }

  forget(): void {
    this.cache = new PersonCache(this.plan);
  }

  due(): number {
    return this.lastDue;
  }

  touch({ person, now, event }: Touch): Flips {
    const known = this.cache.get(person);
    if (known && event) this.cache.offer(known, personEvent(person, event), now);
    const state = known ?? this.build(person, now, event);
    const asked = known && event ? this.touchedBy(event.name) : this.plan.programs;
    const values = {
      profile: this.profiles[person]!,
      matches: (slot: number) => state.matches(this.plan.slots[slot]!),
    };
    const answers = new Answers(this.plan, values, now, 'UTC');
    const members = this.membersOf(person);
    const flips: Flips = [];
    let due = Infinity;
    for (const program of asked) {
      const answer = answers.of(program);
      due = Math.min(due, answer.due);
      const audience = this.numbers.get(program)!;
      if (answer.holds === members.has(audience)) continue;
      flips.push(`${answer.holds ? '+' : '-'}${audience}`);
      if (answer.holds) members.add(audience);
      else members.delete(audience);
    }
    this.lastDue = due;
    return flips;
  }

  private build(person: number, now: number, event?: ShopEvent): PersonState {
    const events = historyOf(this.shop, person).map((one) => personEvent(person, one));
    return this.cache.build(person, event ? [...events, personEvent(person, event)] : events, now);
  }

  /** As the hub picks them: those that look at such events, and those that look at identities. */
  private touchedBy(name: string): Program[] {
    let programs = this.programsOf.get(name);
    if (!programs) {
      programs = [...new Set([...(this.plan.programsOf.get(name) ?? []), ...this.plan.identityPrograms])];
      this.programsOf.set(name, programs);
    }
    return programs;
  }

  private membersOf(person: number): Set<number> {
    let members = this.members.get(person);
    if (!members) this.members.set(person, (members = new Set()));
    return members;
  }
}

const personEvent = (person: number, { name, at, properties }: ShopEvent): PersonEvent => ({
  person,
  pos: 0,
  messageId: '',
  name,
  occurredAt: new Date(at),
  receivedAt: new Date(at),
  values: flatten(properties),
});

const consentOf = (consent: boolean | undefined): Profile['consent'] =>
  consent === undefined ? {} : { email: { '*': consent ? 'granted' : 'denied' } };
