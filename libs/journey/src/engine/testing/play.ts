import type { Stimulus } from '../protocol';
import type { Story } from './arbitrary-story';

/** Whoever can be told a story. */
export interface Listener {
  readonly due: number | null;
  take(stimulus: Stimulus, at: number): unknown;
}

/** Tells a story, in the one order. `told` hears of every stimulus after it was taken. */
export function play(
  listener: Listener,
  { at: start, turns }: Story,
  told: (stimulus: Stimulus, at: number) => void = () => undefined,
): void {
  const take = (stimulus: Stimulus, at: number): void => {
    listener.take(stimulus, at);
    told(stimulus, at);
  };
  let now = start;
  for (const { after, outage, stimulus } of turns) {
    now += after;
    if (outage) take({ kind: 'due' }, now);
    for (let { due } = listener; due !== null && due <= now; { due } = listener) take({ kind: 'due' }, due);
    take(received(stimulus, now), now);
  }
}

function received(stimulus: Stimulus, at: number): Stimulus {
  if (stimulus.kind !== 'event') return stimulus;
  const { messageId, occurredAt, ...event } = stimulus.event;
  return {
    ...stimulus,
    event: { ...event, messageId: `${messageId}@${at}`, occurredAt: at + occurredAt, receivedAt: at },
  };
}
