import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { Arrival } from './arrivals';
import { readRoom } from '../keep/cap.store';
import { mayReach } from '../keep/goal-window';
import { InstanceStore, type KeptInstance, type LastEntry } from '../keep/instance.store';
import type { JourneyPlan } from '../plan/journey-plan';
import type { JobPage, Taken } from './taken';
import { readSpeeds } from './test-marks';
import { entryKey, type Subject, type TurnScope } from '../walk/turn';

/** Those whom a turn concerns, and what holds for them all. */
export interface Subjects extends Pick<TurnScope, 'room' | 'speedOf'> {
  subjects: Subject[];
}

/** Reads all that has to be known of those whom a turn concerns. */
@Injectable()
export class SubjectReader {
  constructor(private readonly instances: InstanceStore) {}

  /** What arrives for an instance that another person has by now is moved there. */
  async read(tx: Transaction, plan: JourneyPlan, taken: Taken, now: Date): Promise<Subjects> {
    const [active, followed] = await Promise.all([
      this.instances.active(tx, taken.persons, taken.instanceIds),
      this.instances.followed(tx, mayReach(plan, taken.arrivals)),
    ]);
    const instances = [...active, ...followed];
    placeOutcomes(taken, instances);
    if (taken.job) placeJob(taken, taken.job, instances, now);
    const persons = [...new Set([...taken.persons, ...instances.map(({ instance }) => instance.person)])];
    const arriving = [...taken.arrivals.keys()];
    const journeys = [...plan.journeys.values()];
    const limited = journeys.filter(({ live }) => live && live.definition.reentry.kind !== 'always');
    const tested = journeys.filter(({ state }) => state === 'test');
    const [profileIds, last, room, speeds] = await Promise.all([
      this.instances.profileIds(tx, persons),
      this.instances.lastEntries(tx, limited.map(idOf), arriving),
      readRoom(tx, plan),
      readSpeeds(tx, tested.map(idOf), arriving),
    ]);
    return {
      subjects: subjectsOf(persons, taken, instances, profileIds, last),
      room,
      speedOf: (journeyId, person) => speeds.get(`${journeyId} ${person}`),
    };
  }
}

const idOf = ({ id }: { id: string }): string => id;

/** What became of an effect concerns whoever its instance is by now. */
function placeOutcomes({ arrivals }: Taken, instances: readonly KeptInstance[]): void {
  const persons = new Map(instances.map(({ instance }) => [instance.id, instance.person]));
  for (const [person, all] of [...arrivals]) {
    for (const arrival of all) {
      const now = arrival.kind === 'outcome' ? persons.get(arrival.instanceId) : undefined;
      if (now === undefined || now === person) continue;
      arrivals.set(
        now,
        [...(arrivals.get(now) ?? []), arrival].sort((a, b) => a.at - b.at),
      );
      arrivals.set(
        person,
        arrivals.get(person)!.filter((one) => one !== arrival),
      );
    }
  }
}

function placeJob(
  { arrivals }: Taken,
  { job }: JobPage,
  instances: readonly KeptInstance[],
  now: Date,
): void {
  if (job.kind === 'stop') return;
  for (const { instance } of instances) {
    const arrival: Arrival = { kind: 'job', at: now.getTime(), instanceId: instance.id, job };
    arrivals.set(instance.person, [...(arrivals.get(instance.person) ?? []), arrival]);
  }
}

function subjectsOf(
  persons: readonly number[],
  { arrivals, due }: Taken,
  instances: readonly KeptInstance[],
  profileIds: ReadonlyMap<number, string>,
  last: readonly LastEntry[],
): Subject[] {
  const own = new Map<number, KeptInstance[]>();
  for (const kept of instances) {
    const { person } = kept.instance;
    own.set(person, [...(own.get(person) ?? []), kept]);
  }
  const entries = new Map<number, Map<string, number>>();
  for (const { person, journeyId, key, enteredAt } of last) {
    const of = entries.get(person) ?? new Map<string, number>();
    entries.set(person, of.set(entryKey(journeyId, key), enteredAt.getTime()));
  }
  return persons.map((person) => {
    const profileId = profileIds.get(person);
    return {
      person,
      ...(profileId !== undefined && { profileId }),
      instances: own.get(person) ?? [],
      lastEntries: entries.get(person) ?? new Map<string, number>(),
      arrivals: arrivals.get(person) ?? [],
      due: due.has(person),
    };
  });
}
