import type { EventWatch, JourneyDefinition, SendStep, Step } from '../../definition/definition';
import type { JourneyEvent } from '../instance';

/** A definition of these steps that starts at the first. */
export function journeyOf(
  steps: Record<string, Step>,
  more: Partial<JourneyDefinition> = {},
): JourneyDefinition {
  return {
    version: 1,
    entries: [{ kind: 'api' }],
    reentry: { kind: 'always' },
    caps: {},
    lateMs: 86_400_000,
    merge: 'oldest',
    holdout: 0,
    exits: [],
    start: Object.keys(steps)[0]!,
    steps,
    ...more,
  };
}

export const CONNECTOR = '0197a6d0-1111-7222-8333-444455556666';

export const sendStep = (more: Partial<SendStep> = {}): SendStep => ({
  kind: 'send',
  connectorId: CONNECTOR,
  content: { jsonata: '{}' },
  priority: 'bulk',
  ...more,
});

export const waitFor = (ms: number, next?: string): Step => ({
  kind: 'wait',
  until: { for: ms },
  ...(next === undefined ? {} : { next }),
});

export const watched = (name: string, more: Partial<EventWatch> = {}): EventWatch => ({
  name,
  where: [],
  ...more,
});

/** A goal that is reached by an event, with a window of a week. */
export const goalOf = (
  name: string,
  more: Partial<NonNullable<JourneyDefinition['goal']>> = {},
): NonNullable<JourneyDefinition['goal']> => ({
  watch: { event: watched(name) },
  ends: true,
  withinMs: 7 * 86_400_000,
  ...more,
});

export function eventOf(
  name: string,
  receivedAt: number,
  properties: Record<string, unknown> = {},
): JourneyEvent {
  return { messageId: `${name}@${receivedAt}`, name, occurredAt: receivedAt, receivedAt, properties };
}
