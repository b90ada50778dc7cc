import { answerFor, dueOf, holdsOf, type PreparedCondition } from '@percorso/segmentation';
import { conditionFacts } from './past-facts';
import type { PastChange, SimulatedPerson } from './simulated-person';

/**
 * How a person would have entered and left an audience until a moment: asked whenever something was received of it, and
 * when time alone may change the answer.
 */
export function followAudience(
  audienceId: string,
  prepared: PreparedCondition,
  person: SimulatedPerson,
  until: number,
): PastChange[] {
  const moments = momentsOf(person);
  const changes: PastChange[] = [];
  let member = false;
  for (let at = moments.shift(); at !== undefined && at < until;) {
    const answer = answerFor(prepared, conditionFacts(person, at), at);
    if (holdsOf(answer) !== member) {
      member = !member;
      changes.push({ audienceId, op: member ? 'enter' : 'exit', at, backfill: false, bookkeeping: false });
    }
    // An answer may be asked for too early, and is then asked for again.
    const due = Math.max(dueOf(answer), at + 1);
    at = moments.length > 0 && moments[0]! <= due ? moments.shift() : due;
  }
  return changes;
}

/** When something happened to it, each moment once. */
const momentsOf = ({ past, changes }: SimulatedPerson): number[] =>
  [
    ...new Set([
      ...past.events.map(({ receivedAt }) => receivedAt.getTime()),
      ...changes.map(({ at }) => at),
    ]),
  ].sort((a, b) => a - b);
