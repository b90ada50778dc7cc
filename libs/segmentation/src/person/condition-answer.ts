import type { PersonEvent, ProfileValues } from '@percorso/profile';
import { NOBODY } from '../member/member-match.store';
import { answerOf, holdsOf } from '../stream/answer';
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
export function holdsFor(
  { plan, memberships, ask }: PreparedCondition,
  { profile, lists, memberships: joined, events }: ConditionFacts,
  at: number,
): boolean {
  const matches = plan.slots.map((slot) => matchesOf(plan, slot, events));
  const asked = {
    profile: { ...profile, lists, members: NOBODY },
    matches: (slot: number) => matches[slot]!,
  };
  return holdsOf(
    ask([
      ...plan.leaves.map((leaf) => leaf.ask(asked, at, leaf.slots[0] && matches[leaf.slots[0].index])),
      ...memberships.map((audience) => answerOf(joined.has(audience), Infinity)),
    ]),
  );
}
