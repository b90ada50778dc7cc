import type { JourneyDefinition } from '../definition/definition';
import { advance } from './advance';
import type { Instance } from './instance';
import type { Advanced } from './protocol';

export interface MergedInstances {
  /** Goes on as it is, for the profile that both became. */
  goesOn: Instance | null;
  ended: Advanced[];
}

/**
 * What becomes of two active instances of a journey, with the same key, whose profiles became one: the older goes on or
 * the newer (of those that entered at one moment the one with the smaller id is older), or neither, as the journey says.
 * One that is held out gives way to one that is not, whichever is older: the profile did get messages. A goal that either
 * has reached was reached by the profile, and the earlier time stays if it is in the window of the one that goes on.
 * Instances may be of different versions; `journey` is that of the newer version.
 */
export function mergeInstances(
  journey: JourneyDefinition,
  a: Instance,
  b: Instance,
  at: number,
): MergedInstances {
  const end = (instance: Instance): Advanced =>
    advance(journey, instance, { kind: 'end', reason: 'merged' }, at);
  if (journey.merge === 'none') return { goesOn: null, ended: [end(a), end(b)] };
  const [older, newer] = isOlder(a, b) ? [a, b] : [b, a];
  const chosen = journey.merge === 'oldest' ? older : newer;
  const other = chosen === a ? b : a;
  const [goesOn, ends] = chosen.holdout && !other.holdout ? [other, chosen] : [chosen, other];
  return { goesOn: withGoalOf(goesOn, ends), ended: [end(ends)] };
}

const isOlder = (a: Instance, b: Instance): boolean =>
  a.enteredAt === b.enteredAt ? a.id < b.id : a.enteredAt < b.enteredAt;

function withGoalOf(instance: Instance, { goalAt }: Instance): Instance {
  const { enteredAt, goalUntil } = instance;
  const counts = goalAt !== null && goalAt >= enteredAt && goalAt < (goalUntil ?? -Infinity);
  return counts && goalAt < (instance.goalAt ?? Infinity) ? { ...instance, goalAt } : instance;
}
