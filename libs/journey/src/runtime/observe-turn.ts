import { journeyDueLag, journeyEntries, journeyEventLag, journeySteps } from './journey-metrics';
import type { Taken } from './intake/taken';
import type { TurnOutcome } from './turn-walker';

/** Count what a turn brought about, and how long that had waited. */
export function observeTurn(
  { arrivals, oldestDue }: Taken,
  { moved, refusals }: TurnOutcome,
  now: Date,
): void {
  const entered = moved.filter(({ fresh }) => fresh).length;
  if (entered > 0) journeyEntries.inc({ outcome: 'entered' }, entered);
  for (const { code } of refusals) journeyEntries.inc({ outcome: code });
  const began = moved.flatMap(({ trace }) =>
    trace.filter(({ step, what }) => step !== '' && (what === 'passed' || what === 'entered')),
  );
  journeySteps.inc(began.length);
  if (oldestDue) journeyDueLag.observe(secondsSince(oldestDue.getTime(), now));
  let oldest = Infinity;
  for (const all of arrivals.values()) {
    for (const arrival of all)
      if (arrival.kind === 'event') oldest = Math.min(oldest, arrival.event.receivedAt);
  }
  if (oldest < Infinity) journeyEventLag.observe(secondsSince(oldest, now));
}

const secondsSince = (at: number, now: Date): number => Math.max(0, (now.getTime() - at) / 1000);
