import { enter, type Entering } from '../../engine/advance';
import { type Candidate, isHeldOut, mayReenter, outranks, type RefusalCode } from './admission';
import type { Arrival } from '../intake/arrivals';
import { entrantsOf } from './entrants';
import type { PlannedVersion } from '../plan/journey-plan';
import type { PersonInstances } from './person-instances';
import {
  type Decision,
  entryKey,
  type Moved,
  type Refusal,
  type StartedRead,
  type Subject,
  type TurnScope,
} from './turn';

/** What becomes of those who might enter, besides their instances. */
export interface EntryNotes {
  refusals: Refusal[];
  decisions: Decision[];
  reads: StartedRead[];
}

/** Whether one person enters, whenever something happens by which it might. */
export class PersonEntries {
  private readonly last: Map<string, number>;

  constructor(
    private readonly scope: TurnScope,
    private readonly subject: Subject,
    private readonly instances: PersonInstances,
    private readonly notes: EntryNotes,
  ) {
    this.last = new Map(subject.lastEntries);
  }

  /** Enter whatever it is that the arrival begins. */
  async start(arrival: Arrival, at: number): Promise<void> {
    const { candidates, reads, decisions } = entrantsOf(this.scope.plan, arrival, at);
    this.notes.reads.push(...reads);
    this.notes.decisions.push(...decisions);
    for (const candidate of candidates) await this.consider(candidate, at);
  }

  /** Whether a candidate enters; whoever does walks its first steps. */
  private async consider(candidate: Candidate, at: number): Promise<void> {
    const { journey, version, key, request } = candidate;
    const { person } = this.subject;
    const code = candidate.refused ?? (await this.refusalOf(candidate, at));
    if (code !== undefined) {
      this.notes.refusals.push({ journeyId: journey.id, version: version.version, person, at, code });
      if (request) this.notes.decisions.push({ n: request.n, code });
      return;
    }
    await this.leaveLower(version, at);
    const speed = journey.state === 'test' ? this.scope.speedOf(journey.id, person) : undefined;
    const entering = {
      journeyId: journey.id,
      key,
      holdout: isHeldOut(version, person),
      ...(speed !== undefined && { speed }),
      entry: candidate.facts,
      ...(candidate.context && { context: candidate.context }),
    };
    const id = await this.begin(version, entering, { pausedMs: journey.pausedMs, counted: true }, at);
    if (request) this.notes.decisions.push({ n: request.n, code: 'entered', instanceId: id });
  }

  private async refusalOf(candidate: Candidate, at: number): Promise<RefusalCode | undefined> {
    const { journey, version, key } = candidate;
    const { definition } = version;
    const { person } = this.subject;
    if (journey.state === 'paused') return 'paused';
    if (journey.state === 'test' && this.scope.speedOf(journey.id, person) === undefined) return 'not-marked';
    const walking = this.instances.walking.map(({ instance }) => instance);
    if (walking.some((one) => one.journeyId === journey.id && one.key === key)) return 'inside';
    if (!mayReenter(definition.reentry, this.last.get(entryKey(journey.id, key)), at)) return 'reentry';
    if (walking.some((one) => outranks(this.instances.versionOf(one), version))) return 'outranked';
    if (definition.where && !(await this.scope.facts.holds(person, definition.where, at))) return 'where';
    return this.scope.room.take(version, at);
  }

  /** A journey takes whoever enters it out of those of its group with a lower priority. */
  private async leaveLower({ journeyId, definition: { group } }: PlannedVersion, at: number): Promise<void> {
    if (!group) return;
    for (const one of this.instances.walking) {
      const other = this.instances.versionOf(one.instance);
      if (other?.journeyId !== journeyId && other?.definition.group?.name === group.name) {
        await this.instances.stimulate(one, { kind: 'end', reason: 'outranked' }, at);
      }
    }
  }

  /** A new instance takes its first steps; its id. */
  async begin(
    version: PlannedVersion,
    given: Omit<Entering, 'id' | 'version' | 'person' | 'profileId'>,
    kept: Pick<Moved, 'pausedMs' | 'counted'>,
    at: number,
  ): Promise<string> {
    const { person, profileId } = this.subject;
    const { journeyId, key } = given;
    const id = this.scope.newId({ journeyId, person, key, enteredAt: at });
    this.last.set(entryKey(journeyId, key), at);
    const entering = { ...given, id, version: version.version, person, profileId: profileId! };
    const advanced = enter(version.definition, entering, at);
    const { instance } = advanced;
    const one: Moved = {
      ...{ instance, ...kept, enteredVersion: instance.version, revision: '1', traced: 0, fresh: true },
      ...{ commands: [], trace: [] },
    };
    await this.instances.follow(one, version, advanced, at);
    return id;
  }
}
