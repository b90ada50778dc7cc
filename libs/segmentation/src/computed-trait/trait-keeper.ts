import { Injectable } from '@nestjs/common';
import { ComputedValueStore, type ProfileValues } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import type { PersonFacts } from '../stream/leaf-answer';
import type { PersonState } from '../stream/person-state';
import type { Plan } from '../stream/plan';
import { answerTraits } from './trait-answers';

/** One person of a turn, its state as of the turn's end. */
export interface KeptPerson extends PersonFacts {
  touch: { events: readonly { name: string }[]; woken: boolean };
  /** As it was last asked; asking comes after this. */
  state: Pick<PersonState, 'profileVersion'>;
  profile: PersonFacts['profile'] & Pick<ProfileValues, 'version'>;
}

/** A person of a turn after its computed traits were brought up to date. */
export interface KeptTraits {
  /** What of its profile is another one now. */
  profile: Pick<ProfileValues, 'traits' | 'version'>;
  /** Unix milliseconds when to look again; now, where the profile could not be written because another holds it. */
  due: number;
}

/** Keeps computed traits as events come and time passes: asks those that may be others now, and writes what is. */
@Injectable()
export class TraitKeeper {
  constructor(private readonly values: ComputedValueStore) {}

  async keep(
    tx: Transaction,
    plan: Plan,
    persons: readonly KeptPerson[],
    now: Date,
  ): Promise<Map<number, KeptTraits>> {
    const kept = new Map<number, KeptTraits>();
    if (plan.traits.length === 0) return kept;
    const answers = persons.map(({ touch, state, ...facts }) => ({
      profile: facts.profile,
      ...answerTraits(plan, { ...facts, ...askedOf(touch, state, facts.profile) }, now.getTime()),
    }));
    const changed = answers.filter(({ changes }) => changes.size > 0);
    const written = await this.values.write(
      tx,
      changed.map(({ profile, changes }) => ({ person: profile.person, values: changes })),
      now,
    );
    for (const { profile, changes, traits, due } of answers) {
      const { person, version } = profile;
      if (changes.size === 0) kept.set(person, { profile, due });
      else if (written.has(person)) kept.set(person, { profile: { traits, version: version + 1 }, due });
      else kept.set(person, { profile, due: now.getTime() });
    }
    return kept;
  }
}

function askedOf(
  { events, woken }: KeptPerson['touch'],
  { profileVersion }: KeptPerson['state'],
  { version }: Pick<ProfileValues, 'version'>,
): { names: Set<string>; changed: boolean; all: boolean } {
  return {
    names: new Set(events.map(({ name }) => name)),
    changed: profileVersion !== version,
    // Below zero: nothing was kept of the person.
    all: woken || profileVersion < 0,
  };
}
