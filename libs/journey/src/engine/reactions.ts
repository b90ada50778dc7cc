import type { AwaitArm, JourneyDefinition, Reaction } from '../definition/definition';
import type { Instance, JourneyEvent, RememberedReaction } from './instance';
import { isReaction } from './watching';

type ReactionArm = AwaitArm & { for: Reaction };

const isOfReaction = (arm: AwaitArm): arm is ReactionArm => 'reaction' in arm.for;

/** The same message, and the same done to it. */
const isSame = (a: Reaction['reaction'], b: Reaction['reaction']): boolean => a.to === b.to && a.is === b.is;

const known = new WeakMap<object, readonly ReactionArm[]>();

/** Arms of all awaits that are for reactions. */
function reactionArms(steps: JourneyDefinition['steps']): readonly ReactionArm[] {
  let arms = known.get(steps);
  if (!arms) {
    const awaits = Object.values(steps).flatMap((step) => (step.kind === 'await' ? step.arms : []));
    known.set(steps, (arms = awaits.filter(isOfReaction)));
  }
  return arms;
}

/** How many reactions a journey awaits somewhere: more are never remembered at once. */
export const mostRemembered = (steps: JourneyDefinition['steps']): number =>
  new Set(reactionArms(steps).map((arm) => JSON.stringify([arm.for.reaction.to, arm.for.reaction.is]))).size;

/** What is to be remembered of an event that nobody awaits now and somebody may later; undefined: nothing. */
export function reactionIn(
  { steps }: JourneyDefinition,
  instance: Pick<Instance, 'id' | 'sent'>,
  event: JourneyEvent,
): RememberedReaction | undefined {
  const arms = reactionArms(steps).filter((arm) => isReaction(arm.for, event, instance));
  if (!arms[0]) return undefined;
  const { messageId, name, properties } = event;
  const keeps = arms.some(({ as }) => as !== undefined);
  return { ...arms[0].for.reaction, event: name, messageId, ...(keeps && { properties }) };
}

/** Each once, as it came first. */
export const remembering = (
  all: readonly RememberedReaction[],
  one: RememberedReaction,
): readonly RememberedReaction[] => (all.some((other) => isSame(other, one)) ? all : [...all, one]);

/** What came first of what these arms await, and which arm it is for. */
export function recalled(
  all: readonly RememberedReaction[],
  arms: readonly AwaitArm[],
): { arm: number; reaction: RememberedReaction } | undefined {
  for (const reaction of all) {
    const arm = arms.findIndex((one) => isOfReaction(one) && isSame(one.for.reaction, reaction));
    if (arm >= 0) return { arm, reaction };
  }
  return undefined;
}
