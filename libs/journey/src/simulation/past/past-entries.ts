import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { EventSearch } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { JOURNEY_KEEPING, type JourneyKeeping } from '../../runtime/care/journey-housekeeping';
import { journeyEvent } from '../../runtime/intake/journey-event';
import type { JourneyPlan, PlannedVersion } from '../../runtime/plan/journey-plan';
import { HistoryStore } from './history.store';
import type { PastMemberships } from './past-memberships';
import { type PastRead, pastReads } from './past-reads';
import type { Simulation } from '../simulation';
import { forgotten, tooLarge } from '../simulation-problems';

type Window = Pick<Simulation, 'from' | 'until' | 'eventTime'>;

const DAY_MS = 86_400_000;
/** More entries by reads of audiences than this are not held at once. */
const MOST_READ = 20_000_000;

/** Finds who might have entered a journey. */
@Injectable()
export class PastEntries {
  constructor(
    private readonly history: HistoryStore,
    private readonly events: EventSearch,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(JOURNEY_KEEPING) private readonly keeping: JourneyKeeping,
  ) {}

  /**
   * Reads of audiences that would have begun.
   * @throws Problem 422 `simulation-too-large`; 503 when older events are not to be had now
   */
  async reads(
    tx: Transaction,
    plan: JourneyPlan,
    version: PlannedVersion,
    { from, until, eventTime }: Window,
    memberships: PastMemberships,
  ): Promise<PastRead[]> {
    const { entries } = version.definition;
    const names = entries.flatMap((entry) => (entry.kind === 'business' ? [entry.event.name] : []));
    const evaluated = entries.flatMap((entry) => (entry.kind === 'read' ? [entry.audienceId] : []));
    const window = { from: new Date(from), until: new Date(until), by: eventTime };
    const causes = {
      ...{ from, until },
      evaluated: await this.history.evaluations(tx, evaluated, window.from, window.until),
      events: (await this.events.events(tx, names, window)).map(journeyEvent),
    };
    const reads: PastRead[] = [];
    let brought = 0;
    for (const read of pastReads(version, plan, causes, memberships)) {
      brought += read.persons.length;
      if (brought > MOST_READ) throw tooLarge(`${MOST_READ} entries by reads of audiences`);
      reads.push(read);
    }
    return reads;
  }

  /**
   * Whoever anything might have let in, by number.
   * @throws Problem 422 `history-archived`; 503 when older events are not to be had now
   */
  async persons(
    tx: Transaction,
    { journeyId, definition: { entries } }: PlannedVersion,
    { from, until, eventTime }: Window,
    memberships: PastMemberships,
    reads: readonly PastRead[],
  ): Promise<Int32Array> {
    const window = { from: new Date(from), until: new Date(until), by: eventTime };
    const names = entries.flatMap((entry) => (entry.kind === 'event' ? [entry.event.name] : []));
    const found = await this.events.persons(tx, names, window);
    const add = (persons: Iterable<number>): void => {
      for (const person of persons) found.add(person);
    };
    for (const entry of entries) {
      if (entry.kind === 'audience')
        add(memberships.changed(entry.audience.id, entry.audience.on, from, until));
    }
    for (const { persons } of reads) add(persons);
    if (entries.some(({ kind }) => kind === 'api')) add(await this.requested(tx, journeyId, window));
    return Int32Array.from(found).sort();
  }

  /** Whom the API, or another journey, had enter: their instances tell, and none of those may have been cleared. */
  private async requested(
    tx: Transaction,
    journeyId: string,
    { from, until }: { from: Date; until: Date },
  ): Promise<number[]> {
    const kept = new Date(this.clock.now().getTime() - this.keeping.days * DAY_MS);
    if (from < kept && (await this.history.existed(tx, journeyId, kept))) throw forgotten(kept);
    return this.history.requested(tx, journeyId, from, until);
  }
}
