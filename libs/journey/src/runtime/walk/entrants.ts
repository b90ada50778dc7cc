import type { EntryFacts } from '../../engine/instance';
import { isLate, isWatched, keyAt } from '../../engine/watching';
import type { Candidate, RefusalCode } from './admission';
import type { Arrival } from '../intake/arrivals';
import type { JourneyPlan } from '../plan/journey-plan';
import type { Decision, StartedRead } from './turn';

/** Who might enter by something that happened to a profile, and what else it begins. */
export interface Entrants {
  candidates: Candidate[];
  /** Audiences that are to be read. */
  reads: StartedRead[];
  decisions: Decision[];
}

type Of<K extends Arrival['kind']> = Extract<Arrival, { kind: K }>;

/** @param at the moment at which it counts, Unix milliseconds */
export function entrantsOf(plan: JourneyPlan, arrival: Arrival, at: number): Entrants {
  const found: Entrants = { candidates: [], reads: [], decisions: [] };
  if (arrival.kind === 'event') byEvent(plan, arrival, at, found);
  if (arrival.kind === 'membership') byAudience(plan, arrival, found);
  if (arrival.kind === 'request') byRequest(plan, arrival, found);
  if (arrival.kind === 'member') byRead(plan, arrival, found);
  return found;
}

function byEvent(plan: JourneyPlan, { event }: Of<'event'>, at: number, into: Entrants): void {
  for (const live of plan.startedByEvent(event.name)) {
    const { journey, version, entry } = live;
    const { definition } = version;
    if (event.receivedAt < version.publishedAt.getTime() || !isWatched(entry.event, event, at)) continue;
    const late = isLate(definition, event);
    if (entry.kind === 'business') {
      if (!late && journey.state !== 'paused') into.reads.push({ live: { ...live, entry }, event });
      continue;
    }
    const path = definition.key === undefined ? undefined : (entry.event.key ?? definition.key);
    const key = path === undefined ? null : keyAt(event.properties, path);
    const refused =
      late && !entry.backfill ? 'late' : path !== undefined && key === null ? 'no-key' : undefined;
    into.candidates.push({ journey, version, key, facts: { kind: 'event', event }, ...why(refused) });
  }
}

function byAudience(plan: JourneyPlan, arrival: Of<'membership'>, into: Entrants): void {
  const { audienceId, op, backfill } = arrival;
  for (const { journey, version, entry } of plan.startedByAudience(audienceId)) {
    if (entry.audience.on !== op || arrival.at < version.publishedAt.getTime()) continue;
    const refused = backfill && !entry.backfill ? 'backfill' : undefined;
    const facts: EntryFacts = { kind: 'audience', audienceId, op };
    into.candidates.push({ journey, version, key: null, facts, ...why(refused) });
  }
}

function byRequest(plan: JourneyPlan, { request }: Of<'request'>, into: Entrants): void {
  const { journeyId, kind, context } = request;
  const journey = plan.journeys.get(journeyId);
  const version = journey?.live;
  if (!journey || !version) {
    into.decisions.push({ n: request.n, code: journey?.state === 'draining' ? 'draining' : 'not-live' });
    return;
  }
  const { definition } = version;
  const key = definition.key === undefined ? null : (keyAt(context, definition.key) ?? request.key);
  const refused = !definition.entries.some((entry) => entry.kind === 'api')
    ? 'no-entry'
    : definition.key !== undefined && key === null
      ? 'no-key'
      : undefined;
  const facts: EntryFacts = kind === 'jump' ? { kind, context, hops: request.hops } : { kind, context };
  into.candidates.push({ journey, version, key, facts, context, request, ...why(refused) });
}

function byRead(plan: JourneyPlan, { read }: Of<'member'>, into: Entrants): void {
  const journey = plan.journeys.get(read.journeyId);
  if (!journey?.live) return;
  into.candidates.push({ journey, version: journey.live, key: null, facts: read.facts });
}

const why = (refused: RefusalCode | undefined): Pick<Candidate, 'refused'> => (refused ? { refused } : {});
