import type { Leaf } from '../definition/definition';
import type { Answer } from './answer';
import { askEvents, askEvery, askFirst } from './event-answer';
import type { LookupItems } from './lookup-items';
import type { Matches } from './matches';
import { askAccountMember, askProfile, type ProfileFacts } from './profile-answer';
import { askSequence } from './sequence-answer';
import type { Slot } from './slot';

/** One person, as far as leaves look. */
export interface PersonFacts {
  profile: ProfileFacts;
  /** The person's events in a slot, by its number. */
  matches(slot: number): Matches;
}

/** Answers a leaf; made ready to be asked often. */
export type Question = (
  person: PersonFacts,
  now: number,
  /** The matches of its first slot, where it has one. */
  own?: Matches,
) => Answer;

/** What a leaf is asked with beside a person. */
export interface Surroundings {
  /** Whose today it is where a calendar condition names none. */
  zone: string;
  /** What tests of lookups look at. */
  items: LookupItems;
  /** Of a condition on members of accounts: the number of its rows. */
  member?: number;
}

export function questionOf(leaf: Leaf, slots: readonly Slot[], around: Surroundings): Question {
  switch (leaf.kind) {
    case 'event':
      return ofEvents(askEvents(leaf, slots[0]!));
    case 'every':
      return ofEvents(askEvery(leaf, slots[0]!));
    case 'firstEvent':
      return ofEvents(askFirst(leaf));
    case 'sequence': {
      const ask = askSequence(leaf);
      const steps = slots.slice(1).map(({ index }) => index);
      return (person, now, own) => ask(own!, (step) => person.matches(steps[step]!), now);
    }
    case 'accountMember': {
      const ask = askAccountMember(leaf, around.member);
      return ({ profile }, now) => ask(profile, now);
    }
    default: {
      const ask = askProfile(leaf, around.zone, around.items);
      return ({ profile }, now) => ask(profile, now);
    }
  }
}

const ofEvents =
  (ask: (all: Matches, now: number) => Answer): Question =>
  (_, now, own) =>
    ask(own!, now);
