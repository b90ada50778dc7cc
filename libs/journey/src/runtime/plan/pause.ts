import type { JourneyDefinition } from '../../definition/definition';
import { dueOf } from '../../engine/advance';
import type { Token } from '../../engine/instance';
import type { KeptInstance } from '../keep/instance.store';
import type { JourneyState, PlannedJourney } from './journey-plan';

/** Of a draft those are inside who tested it and are being ended. */
const STILL: ReadonlySet<JourneyState> = new Set(['draft', 'paused', 'stopped']);

/** Whether whoever is on the journey stays where it is. */
export const isHeld = (journey: PlannedJourney | undefined): boolean => !journey || STILL.has(journey.state);

/**
 * An instance after pauses of its journey: what waits for a time of its own length, or gives something so much time,
 * waits as much longer; what waits for a date or a time of day does not.
 */
export function afterPauses(
  kept: KeptInstance,
  { pausedMs }: PlannedJourney,
  definition: JourneyDefinition,
): KeptInstance {
  const ms = pausedMs - kept.pausedMs;
  if (ms <= 0) return kept;
  const tokens = kept.instance.tokens.map((token) => moved(token, ms, definition));
  return { ...kept, instance: { ...kept.instance, tokens }, pausedMs };
}

function moved(token: Token, ms: number, definition: JourneyDefinition): Token {
  const { wait } = token;
  const step = definition.steps[token.step];
  const dated = step?.kind === 'wait' && !('for' in step.until);
  if (dated || !('due' in wait) || dueOf(token) === null) return token;
  return { ...token, wait: { ...wait, due: wait.due! + ms } };
}
