import type { Leaf } from '../definition/definition';
import { type Answer, answerEvents, answerEvery, answerFirst } from './event-answer';
import type { LookupItems } from './lookup-items';
import type { Matches } from './matches';
import type { PlannedLeaf } from './plan';
import {
  answerAccount,
  answerCalendar,
  answerConsent,
  answerIdentity,
  answerSample,
  answerTrait,
  type ProfileFacts,
} from './profile-answer';
import { answerSequence } from './sequence-answer';

/** One person, as far as leaves look. */
export interface PersonFacts {
  profile: ProfileFacts;
  /** The person's events in a slot. */
  matches(slot: number): Matches;
}

/** @param zone whose today it is where a calendar condition names none */
export function answerLeaf(planned: PlannedLeaf, person: PersonFacts, now: number, zone: string): Answer {
  const { leaf, slots, items } = planned;
  switch (leaf.kind) {
    case 'event':
      return answerEvents(leaf, person.matches(slots[0]!.index), now);
    case 'every':
      return answerEvery(leaf, person.matches(slots[0]!.index), now);
    case 'firstEvent':
      return answerFirst(leaf, person.matches(slots[0]!.index), now);
    case 'sequence':
      return answerSequence(
        leaf,
        slots.map((slot) => person.matches(slot.index)),
        now,
      );
    default:
      return answerProfile(leaf, person.profile, now, zone, items);
  }
}

type ProfileLeaf = Extract<
  Leaf,
  { kind: 'trait' | 'consent' | 'account' | 'list' | 'identity' | 'calendar' | 'sample' }
>;

function answerProfile(
  leaf: ProfileLeaf,
  profile: ProfileFacts,
  now: number,
  zone: string,
  items: LookupItems,
): Answer {
  switch (leaf.kind) {
    case 'trait':
      return answerTrait(leaf.test, profile.traits, now, items);
    case 'consent':
      return answerConsent(leaf, profile);
    case 'account':
      return answerAccount(leaf, profile, now);
    case 'list':
      return { holds: profile.lists.includes(leaf.audience), due: Infinity };
    case 'identity':
      return answerIdentity(leaf, profile);
    case 'calendar':
      return answerCalendar(leaf, profile.traits, now, zone);
    case 'sample':
      return answerSample(leaf, profile);
  }
}
