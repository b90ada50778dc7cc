import { Injectable } from '@nestjs/common';
import { EventArchive, EventReader } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import type { JourneyEvent } from '../../engine/instance';
import { journeyEvent } from '../../runtime/intake/journey-event';
import type { JourneyPlan, PlannedVersion } from '../../runtime/plan/journey-plan';
import { LOG_PARTITION } from '../../runtime/intake/log-reader';
import { HistoryStore } from './history.store';
import type { PastMemberships } from './past-memberships';
import { type PastRead, pastReads } from './past-reads';
import type { Simulation } from '../simulation';
import { archived, tooLarge } from '../simulation-problems';

type Window = Pick<Simulation, 'from' | 'until'>;

/** Positions of the log that are looked through at once. */
const STRETCH = 200_000;
const EVENTS_AT_ONCE = 1000;
/** More entries by reads of audiences than this are not held at once. */
const MOST_READ = 20_000_000;
const EVERYBODY = { partitions: [0], of: 1 };

/** Finds who might have entered a journey. */
@Injectable()
export class PastEntries {
  constructor(
    private readonly history: HistoryStore,
    private readonly events: EventReader,
    private readonly archive: EventArchive,
  ) {}

  /** Reads of audiences that would have begun. @throws Problem 422 `simulation-too-large` */
  async reads(
    tx: Transaction,
    plan: JourneyPlan,
    version: PlannedVersion,
    { from, until }: Window,
    memberships: PastMemberships,
  ): Promise<PastRead[]> {
    const { entries } = version.definition;
    const names = entries.flatMap((entry) => (entry.kind === 'business' ? [entry.event.name] : []));
    const evaluated = entries.flatMap((entry) => (entry.kind === 'read' ? [entry.audienceId] : []));
    const causes = {
      ...{ from, until },
      evaluated: await this.history.evaluations(tx, evaluated, new Date(from), new Date(until)),
      events: await this.called(tx, names, { from, until }),
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

  /** Whoever anything might have let in, by number. @throws Problem 422 `history-archived` */
  async persons(
    tx: Transaction,
    { journeyId, definition: { entries } }: PlannedVersion,
    window: Window,
    memberships: PastMemberships,
    reads: readonly PastRead[],
  ): Promise<Int32Array> {
    const { from, until } = window;
    const found = new Set<number>();
    const add = (persons: Iterable<number>): void => {
      for (const person of persons) found.add(person);
    };
    const names = entries.flatMap((entry) => (entry.kind === 'event' ? [entry.event.name] : []));
    for (const stretch of await this.stretches(tx, names, window)) {
      add(await this.events.personsCalled(tx, LOG_PARTITION, names, stretch));
    }
    for (const entry of entries) {
      if (entry.kind === 'audience')
        add(memberships.changed(entry.audience.id, entry.audience.on, from, until));
    }
    for (const { persons } of reads) add(persons);
    if (entries.some(({ kind }) => kind === 'api'))
      add(await this.history.requested(tx, journeyId, new Date(from), new Date(until)));
    return Int32Array.from(found).sort();
  }

  private async called(tx: Transaction, names: readonly string[], window: Window): Promise<JourneyEvent[]> {
    const found: JourneyEvent[] = [];
    for (const { after: first, until } of await this.stretches(tx, names, window)) {
      for (let after = first; ;) {
        const range = { after, until, limit: EVENTS_AT_ONCE };
        const events = await this.events.called(tx, LOG_PARTITION, names, range, EVERYBODY);
        found.push(...events.map(journeyEvent));
        if (events.length < EVENTS_AT_ONCE) break;
        after = events.at(-1)!.pos;
      }
    }
    return found.filter(({ receivedAt }) => receivedAt >= window.from && receivedAt < window.until);
  }

  /** The positions of what was received within the time simulated, a stretch at a time. */
  private async stretches(
    tx: Transaction,
    names: readonly string[],
    { from, until }: Window,
  ): Promise<{ after: number; until: number }[]> {
    if (names.length === 0) return [];
    const [first, applied, edge] = [
      await this.history.positionBefore(tx, LOG_PARTITION, new Date(from)),
      await this.events.applied(tx, LOG_PARTITION),
      await this.archive.edge(tx),
    ];
    const last = Math.min(applied, await this.history.positionBefore(tx, LOG_PARTITION, new Date(until)));
    if (first < edge.pos) throw archived(edge.receivedBefore);
    const stretches: { after: number; until: number }[] = [];
    for (let after = first; after < last; after += STRETCH) {
      stretches.push({ after, until: Math.min(last, after + STRETCH) });
    }
    return stretches;
  }
}
