import { Mistakes, readDuration, readObject } from '@percorso/segmentation';
import type { JourneyDefinition } from './definition';
import { readWatch, WATCHES } from './parse-watch';
import { optional, readFlag } from './written';

const DAY_MS = 86_400_000;
const USUAL_WITHIN_MS = 7 * DAY_MS;
const LONGEST_WITHIN_MS = 365 * DAY_MS;

/** {event | audience, ends?, within?}. */
export function readGoal(value: unknown, mistakes: Mistakes): JourneyDefinition['goal'] {
  const source = readObject(value, '/goal', [...WATCHES, 'ends', 'within'], mistakes);
  if (!source) return undefined;
  const watch = readWatch(source, WATCHES, '/goal', mistakes);
  const ends = optional(source.ends, true, () => readFlag(source.ends, '/goal/ends', mistakes));
  const withinMs = readWithin(source.within, mistakes);
  return watch && ends !== undefined && withinMs !== undefined ? { watch, ends, withinMs } : undefined;
}

/** The conversion window of a goal that was accepted, in milliseconds. */
export const windowOf = ({ within }: { within?: unknown }): number => readWithin(within, new Mistakes())!;

function readWithin(value: unknown, mistakes: Mistakes): number | undefined {
  const ms = optional(value, USUAL_WITHIN_MS, () => readDuration(value, '/goal/within', mistakes));
  if (ms === undefined || ms <= LONGEST_WITHIN_MS) return ms;
  return mistakes.add('/goal/within', 'range', 'must be at most 365 days');
}
