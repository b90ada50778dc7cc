export const JOURNEY_STATES = ['draft', 'test', 'live', 'paused', 'draining', 'stopped'] as const;

/**
 * `draft`: nobody enters. `test`: marked profiles enter. `live`: whoever an entry is for enters. `paused`: nobody enters
 * and nobody moves. `draining`: nobody enters, those inside go on. `stopped`: nobody enters, those inside end.
 */
export type JourneyState = (typeof JOURNEY_STATES)[number];

/** What may follow a state. Publishing leads to `live` from each, but leaves a paused journey paused. */
export const TRANSITIONS: Readonly<Record<JourneyState, readonly JourneyState[]>> = {
  draft: ['test', 'live'],
  test: ['test', 'draft', 'live'],
  live: ['paused', 'draining', 'stopped'],
  paused: ['live', 'draining', 'stopped'],
  draining: ['live', 'paused', 'stopped'],
  stopped: ['test', 'live'],
};

export const mayFollow = (from: JourneyState, to: JourneyState): boolean => TRANSITIONS[from].includes(to);

/** Where people are on their way, and a new version has to say what becomes of them. */
export const isUnderway = (state: JourneyState): boolean =>
  state === 'live' || state === 'paused' || state === 'draining';
