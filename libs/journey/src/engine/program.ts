import type { AwaitArm, ContextTest, JourneyDefinition, ProfileCondition } from '../definition/definition';
import { armPointer, isTest, whilePointer } from './asks';

/** Everything that those who are inside watch for: goal, exits and awaits. Entries are not among it. */
function watchesOf({ goal, exits, steps }: JourneyDefinition): AwaitArm['for'][] {
  const awaited = Object.values(steps).flatMap((step) => (step.kind === 'await' ? step.arms : []));
  return [...(goal ? [goal.watch] : []), ...exits, ...awaited.map((arm) => arm.for)];
}

/** Names of the events that may move who is inside; reactions are told by their effect's key instead. */
export const watchedNames = (journey: JourneyDefinition): Set<string> =>
  new Set(watchesOf(journey).flatMap((watch) => ('event' in watch ? [watch.event.name] : [])));

/** Audiences whose changes may move who is inside. */
export const watchedAudiences = (journey: JourneyDefinition): Set<string> =>
  new Set(watchesOf(journey).flatMap((watch) => ('audience' in watch ? [watch.audience.id] : [])));

/** Whether some await is for reactions: then message events with one of the instance's effect keys may move it. */
export const watchesReactions = (journey: JourneyDefinition): boolean =>
  watchesOf(journey).some((watch) => 'reaction' in watch);

/** The conditions that the engine may ask for, by their pointer. */
export function conditionsOf({ steps }: JourneyDefinition): Map<string, ProfileCondition> {
  const conditions = new Map<string, ProfileCondition>();
  const add = (pointer: string, where: ProfileCondition | ContextTest): void => {
    if (!isTest(where)) conditions.set(pointer, where);
  };
  for (const [id, step] of Object.entries(steps)) {
    if (step.kind === 'branch') step.arms.forEach(({ where }, arm) => add(armPointer(id, arm), where));
    if (step.kind === 'loop' && step.while) add(whilePointer(id), step.while);
  }
  return conditions;
}
