import { messageEventName } from '@percorso/delivery';
import type { AwaitArm, Entry, JourneyDefinition, Reaction } from '../../definition/definition';

/** What may come from outside that concerns a journey: what is neither is not read. */
export interface Watched {
  names: Set<string>;
  audiences: Set<string>;
}

export const nothingWatched = (): Watched => ({ names: new Set(), audiences: new Set() });

/** Adds what starts a journey. */
export function watchEntries(entries: readonly Entry[], into: Watched): void {
  for (const entry of entries) {
    if (entry.kind === 'event' || entry.kind === 'business') into.names.add(entry.event.name);
    if (entry.kind === 'audience') into.audiences.add(entry.audience.id);
  }
}

/** Adds what moves those who are on their way. @param channels on which messages are sent */
export function watchWalk(
  { goal, exits, steps }: JourneyDefinition,
  channels: readonly string[],
  into: Watched,
): void {
  const add = (watch: AwaitArm['for']): void => {
    if ('event' in watch) into.names.add(watch.event.name);
    else if ('audience' in watch) into.audiences.add(watch.audience.id);
    else for (const name of reactionNames(watch.reaction.is, channels)) into.names.add(name);
  };
  if (goal) add(goal.watch);
  exits.forEach(add);
  for (const step of Object.values(steps))
    if (step.kind === 'await') step.arms.forEach((arm) => add(arm.for));
}

const reactionNames = (is: Reaction['reaction']['is'], channels: readonly string[]): string[] => [
  ...new Set(channels.map((channel) => messageEventName({ type: is, channel }))),
];
