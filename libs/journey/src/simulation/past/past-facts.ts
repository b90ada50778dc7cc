import {
  type ConditionFacts,
  holdsFor,
  type PastTraits,
  type PreparedCondition,
} from '@percorso/segmentation';
import type { ProfileDocument } from '@percorso/profile';
import type { ProfileCondition } from '../../definition/definition';
import type { AskedCondition, FactSource } from '../../runtime/walk/fact-finder';
import type { SimulatedPerson } from './simulated-person';

/** All that is known of a person at a moment. */
interface Moment {
  at: number;
  /** How many events there were in all, later ones too: steps and providers add some. */
  events: number;
  facts: ConditionFacts;
  computed: ReturnType<PastTraits['of']>['changes'];
}

/** Finds facts in what profiles were. */
export class PastFacts implements FactSource {
  /** The last of each person. */
  private readonly moments = new Map<number, Moment>();

  constructor(
    private readonly persons: ReadonlyMap<number, SimulatedPerson>,
    private readonly conditions: ReadonlyMap<ProfileCondition, PreparedCondition>,
    private readonly traits: PastTraits,
  ) {}

  holds(asked: readonly AskedCondition[]): Promise<boolean[]> {
    return Promise.resolve(
      asked.map(({ person, condition, at }) =>
        holdsFor(this.conditions.get(condition)!, this.momentOf(person, at).facts, at),
      ),
    );
  }

  documents(asked: readonly { person: number; at: number }[]): Promise<ProfileDocument[]> {
    return Promise.resolve(asked.map(({ person, at }) => this.document(person, at)));
  }

  document(person: number, at: number): ProfileDocument {
    return this.persons.get(person)!.past.documentAt(at, this.momentOf(person, at).computed);
  }

  /** A person is asked many things at one moment. */
  private momentOf(person: number, at: number): Moment {
    const one = this.persons.get(person)!;
    const events = one.past.events.length;
    const known = this.moments.get(person);
    if (known?.at === at && known.events === events) return known;
    const facts = conditionFacts(one, at);
    const { changes: computed, traits } = this.traits.of(facts.profile, facts.events, at);
    const moment = { at, events, facts: { ...facts, profile: { ...facts.profile, traits } }, computed };
    this.moments.set(person, moment);
    return moment;
  }
}

/** A person as conditions saw it at a moment, without computed traits. */
export function conditionFacts({ past, lists, changes }: SimulatedPerson, at: number): ConditionFacts {
  const memberships = new Set<string>();
  for (const change of changes) {
    if (change.at > at) continue;
    if (change.op === 'enter') memberships.add(change.audienceId);
    else memberships.delete(change.audienceId);
  }
  return { profile: past.valuesAt(at), lists, memberships, events: past.eventsUntil(at) };
}
