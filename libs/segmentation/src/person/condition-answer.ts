import type { PersonEvent, ProfileValues } from '@percorso/profile';
import { NOBODY } from '../member/member-match.store';
import { type Answer, answerOf, holdsOf } from '../stream/answer';
import { matchesOf } from '../stream/slot-matches';
import type { PreparedCondition } from './prepared-condition';

/** A person as a condition sees it. */
export interface ConditionFacts {
  profile: ProfileValues;
  /** Audiences whose list names one of its identities. */
  lists: readonly string[];
  /** Audiences it is a member of. */
  memberships: ReadonlySet<string>;
  /** Those that had been received. */
  events: readonly PersonEvent[];
}

/** Whether a condition holds for a person at a moment in Unix milliseconds. */
export const holdsFor = (prepared: PreparedCondition, facts: ConditionFacts, at: number): boolean =>
  holdsOf(answerFor(prepared, facts, at));

/** The same, with until when time alone does not change it. */
export function answerFor(
  { plan, memberships, ask }: PreparedCondition,
  { profile, lists, memberships: joined, events }: ConditionFacts,
  at: number,
): Answer {
  const matches = plan.slots.map((slot) => matchesOf(plan, slot, events));
  const asked = {
    profile: { ...profile, lists, members: NOBODY },
    matches: (slot: number) => matches[slot]!,
  };
  return ask([
    ...plan.leaves.map((leaf) => leaf.ask(asked, at, leaf.slots[0] && matches[leaf.slots[0].index])),
    ...memberships.map((audience) => answerOf(joined.has(audience), Infinity)),
  ]);
}
