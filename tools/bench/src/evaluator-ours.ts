import { flatten, type FlatValues, type PersonEvent } from '@percorso/profile';
import {
  Answers,
  dueOf,
  holdsOf,
  PersonCache,
  type PersonState,
  type Plan,
  planOf,
} from '@percorso/segmentation';
import { type Flips, type LeadingEvaluator, type Shop, type Touch } from './evaluator-work';
import type { ShopAudience } from './shop-audiences';

interface Profile {
  person: number;
  traits: FlatValues;
  consent: Record<string, Record<string, string>>;
  identities: { namespace: string; value: string }[];
  accounts: FlatValues[];
  groups: string[];
  members: { has(): boolean };
  lists: string[];
}

/** The hub's own evaluator, as a turn of the stream uses it, without what reads and writes. */
export class OurEvaluator implements LeadingEvaluator {
  readonly title = 'percorso';
  private readonly plan: Plan;
  private readonly profiles: Profile[];
  private cache: PersonCache;
  private readonly members = new Map<number, Set<number>>();
  private readonly answers: Answers;
  private lastDue = Infinity;

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
    this.answers = new Answers(this.plan);
    this.profiles = shop.shoppers.map(({ traits, consent, email }, person) => ({
      person,
      traits: flatten(traits),
      consent: consentOf(consent),
      identities: [{ namespace: 'email', value: email }],
      accounts: [],
      groups: [],
      members: { has: () => false },
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

  touch({ person, now, row }: Touch): Flips {
    const known = this.cache.get(person);
    if (known && row) this.cache.offer(known, row, now);
    const state = known ?? this.build(person, now, row);
    const values = {
      profile: this.profiles[person]!,
      matches: (slot: number) => state.matches(this.plan.slots[slot]!),
    };
    const members = this.membersOf(person);
    const flips: Flips = [];
    let due = Infinity;
    for (const program of this.answers.ask(state, values, { now, profileVersion: 1, woken: !row })) {
      const answer = this.answers.of(program);
      due = Math.min(due, dueOf(answer));
      const holds = holdsOf(answer);
      const audience = program.index;
      if (holds === members.has(audience)) continue;
      flips.push(`${holds ? '+' : '-'}${audience}`);
      if (holds) members.add(audience);
      else members.delete(audience);
    }
    this.lastDue = due;
    return flips;
  }

  private build(person: number, now: number, row?: PersonEvent): PersonState {
    const events = this.shop.rows[person]!;
    return this.cache.build(person, row ? [...events, row] : events, now);
  }

  private membersOf(person: number): Set<number> {
    let members = this.members.get(person);
    if (!members) this.members.set(person, (members = new Set()));
    return members;
  }
}

const consentOf = (consent: boolean | undefined): Profile['consent'] =>
  consent === undefined ? {} : { email: { '*': consent ? 'granted' : 'denied' } };
