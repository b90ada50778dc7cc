import { flatten, type FlatValues } from '@percorso/profile';
import { Answers, dueOf, holdsOf, PersonCache, type Plan, planOf } from '@percorso/segmentation';
import { type Flips, type LeadingEvaluator, Memberships, type Shop, type Touch } from './evaluator-work';
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
  private readonly members: Memberships;
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
    this.members = new Memberships(shop.shoppers.length, audiences.length);
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

  /** Bytes of state, by its own account. */
  get kept(): number {
    return this.cache.kept;
  }

  due(): number {
    return this.lastDue;
  }

  touch({ person, now, row }: Touch): Flips {
    const known = this.cache.get(person);
    const state = known ?? this.cache.build(person, this.shop.rows[person]!, now);
    if (row) this.cache.offer(state, row, now);
    const values = {
      profile: this.profiles[person]!,
      matches: (slot: number) => state.matches(this.plan.slots[slot]!),
    };
    const flips: Flips = [];
    let due = Infinity;
    for (const program of this.answers.ask(state, values, { now, profileVersion: 1, woken: !row })) {
      const answer = this.answers.of(program);
      due = Math.min(due, dueOf(answer));
      this.members.set(person, program.index, holdsOf(answer), flips);
    }
    this.lastDue = due;
    return flips;
  }
}

const consentOf = (consent: boolean | undefined): Profile['consent'] =>
  consent === undefined ? {} : { email: { '*': consent ? 'granted' : 'denied' } };
