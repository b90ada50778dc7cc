import {
  type ConditionFacts,
  holdsFor,
  type PastTraits,
  type PreparedCondition,
} from '@percorso/segmentation';
import type { ProfileDocument } from '@percorso/profile';
import type { ProfileCondition } from '../../definition/definition';
import type { AskedCondition, FactSource } from '../../runtime/fact-finder';
import type { SimulatedPerson } from './simulated-person';

/** Finds facts in what profiles were. */
export class PastFacts implements FactSource {
  constructor(
    private readonly persons: ReadonlyMap<number, SimulatedPerson>,
    private readonly conditions: ReadonlyMap<ProfileCondition, PreparedCondition>,
    private readonly traits: PastTraits,
  ) {}

  holds(asked: readonly AskedCondition[]): Promise<boolean[]> {
    return Promise.resolve(
      asked.map(({ person, condition, at }) =>
        holdsFor(this.conditions.get(condition)!, this.factsOf(this.persons.get(person)!, at), at),
      ),
    );
  }

  documents(asked: readonly { person: number; at: number }[]): Promise<ProfileDocument[]> {
    return Promise.resolve(asked.map(({ person, at }) => this.document(person, at)));
  }

  document(person: number, at: number): ProfileDocument {
    const { past } = this.persons.get(person)!;
    if (this.traits.keys.length === 0) return past.documentAt(at);
    return past.documentAt(at, this.traits.of(past.valuesAt(at), past.eventsUntil(at), at).changes);
  }

  private factsOf(person: SimulatedPerson, at: number): ConditionFacts {
    const facts = conditionFacts(person, at);
    return {
      ...facts,
      profile: { ...facts.profile, traits: this.traits.of(facts.profile, facts.events, at).traits },
    };
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
