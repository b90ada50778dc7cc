import type { PastEvent } from '@percorso/profile';
import { arrange, type Arrival } from '../../runtime/intake/arrivals';
import { journeyEvent } from '../../runtime/intake/journey-event';
import type { JourneyPlan } from '../../runtime/plan/journey-plan';
import type { SimulatedPerson } from '../past/simulated-person';
import type { Simulation } from '../simulation';

/** All that happened to a person within the time simulated, but for what answered messages of this very journey. */
export function arrivalsOf(
  { past, changes, reads, requests, recorded }: SimulatedPerson,
  { from, until, journeyId }: Simulation,
  { names, audiences }: JourneyPlan,
): Arrival[] {
  const within = ({ at }: { at: number }): boolean => at >= from && at < until;
  const reports = new Set(
    recorded.flatMap(({ messages }) =>
      messages.flatMap((one) => one.reports.map((event) => event.messageId)),
    ),
  );
  const { person } = past;
  const place = (arrival: Arrival): { person: number; arrival: Arrival } => ({ person, arrival });
  const streams = [
    past.events
      .filter(({ name, messageId }) => names.includes(name) && !reports.has(messageId))
      .map(eventArrival),
    changes
      .filter(({ audienceId, bookkeeping }) => audiences.includes(audienceId) && !bookkeeping)
      .map(({ bookkeeping: _, ...change }): Arrival => ({ kind: 'membership', ...change })),
    requests.map(({ at, ...request }): Arrival => {
      const asked = { n: '0', journeyId, person, at: new Date(at), answered: false };
      return { kind: 'request', at, request: { ...asked, ...request } };
    }),
    reads.map(({ at, read }): Arrival => ({ kind: 'member', at, read })),
  ];
  return arrange(streams.map((stream) => stream.filter(within).map(place))).get(person) ?? [];
}

function eventArrival(found: PastEvent): Arrival {
  const event = journeyEvent(found);
  return { kind: 'event', at: event.receivedAt, event };
}
