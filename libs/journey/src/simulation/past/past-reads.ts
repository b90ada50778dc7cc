import { nextRun } from '@percorso/segmentation';
import type { Entry } from '../../definition/definition';
import type { EntryFacts, JourneyEvent } from '../../engine/instance';
import { isLate, isWatched } from '../../engine/watching';
import type { JourneyPlan, PlannedVersion } from '../../runtime/plan/journey-plan';
import type { OpenRead } from '../../runtime/intake/read.store';
import { type PastMemberships, placeIn } from './past-memberships';
import type { SimulatedPerson } from './simulated-person';

/** A read of an audience that would have begun, and whom it would have brought, by number. */
export interface PastRead {
  read: OpenRead;
  persons: Int32Array;
}

/** What there was for reads to begin with. */
export interface ReadCauses {
  from: number;
  until: number;
  /** When evaluations of audiences ended. */
  evaluated: ReadonlyMap<string, readonly number[]>;
  /** Events that may concern whole audiences, whoever they are of. */
  events: readonly JourneyEvent[];
}

/** Reads that would have begun, in their order. */
export function pastReads(
  version: PlannedVersion,
  plan: JourneyPlan,
  causes: ReadCauses,
  memberships: PastMemberships,
): PastRead[] {
  const reads = version.definition.entries.flatMap((entry) => startsOf(entry, version, plan, causes));
  reads.sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  return reads.map((read) => ({
    read,
    persons: memberships.membersAt(
      read.audienceId,
      read.startedAt.getTime(),
      read.since && read.since.getTime(),
    ),
  }));
}

/**
 * Reads that bring a person, and when.
 * @param reads in their order
 * @param really when reads did bring it: it came then, and otherwise comes at their rate
 */
export function broughtTo(
  person: number,
  reads: readonly PastRead[],
  really: readonly number[] = [],
): SimulatedPerson['reads'] {
  return reads.flatMap((past, index) => {
    const at = broughtAt(past, person);
    if (at === undefined) return [];
    const [begun, next] = [past.read.startedAt.getTime(), reads[index + 1]?.read.startedAt.getTime()];
    return [{ at: really.find((one) => one >= begun && one < (next ?? Infinity)) ?? at, read: past.read }];
  });
}

/** When a read brings a person: at its rate, by number; undefined: never. */
function broughtAt({ read, persons }: PastRead, person: number): number | undefined {
  const place = placeIn(persons, person);
  if (persons[place] !== person) return undefined;
  return read.startedAt.getTime() + Math.floor(place / read.perSecond) * 1000;
}

function startsOf(entry: Entry, version: PlannedVersion, plan: JourneyPlan, causes: ReadCauses): OpenRead[] {
  const { journeyId, version: number } = version;
  if (entry.kind !== 'read' && entry.kind !== 'business') return [];
  const { audienceId, perSecond } = entry;
  const read = (at: number, facts: EntryFacts, since: number | null = null): OpenRead => ({
    ...{ id: `${audienceId} ${at}`, journeyId, version: number, audienceId, perSecond, facts },
    since: since === null ? null : new Date(since),
    startedAt: new Date(at),
  });
  if (entry.kind === 'business') {
    return causes.events
      .filter(
        (event) => isWatched(entry.event, event, event.receivedAt) && !isLate(version.definition, event),
      )
      .map((event) => read(event.receivedAt, { kind: 'event', event }));
  }
  const moments = momentsOf(entry, plan.zone, causes);
  return moments.map((at, index) =>
    read(at, { kind: 'read', audienceId }, entry.only === 'new' ? (moments[index - 1] ?? null) : null),
  );
}

function momentsOf(
  { when, audienceId }: Extract<Entry, { kind: 'read' }>,
  zone: string,
  { from, until, evaluated }: ReadCauses,
): number[] {
  if (!('cron' in when)) return [...(evaluated.get(audienceId) ?? [])];
  const moments: number[] = [];
  for (let at = from - 1; ;) {
    const next = nextRun(when.cron, when.zone ?? zone, new Date(at))?.getTime();
    if (next === undefined || next >= until) return moments;
    moments.push(next);
    at = next;
  }
}
