import { advance, enter, type Entering, nextDueOf } from '../engine/advance';
import type { Instance } from '../engine/instance';
import type { Advanced, Command, Happening, Stimulus, TraceEntry } from '../engine/protocol';
import { moveInstance } from '../engine/move-instance';
import { momentOf } from '../engine/moments';
import { type Candidate, isHeldOut, mayReenter, outranks, type RefusalCode } from './admission';
import { type Arrival, insertInOrder } from './arrivals';
import { entrantsOf } from './entrants';
import type { KeptInstance } from './instance.store';
import type { PlannedVersion } from './journey-plan';
import { afterPauses, isHeld } from './pause';
import {
  type Decision,
  entryKey,
  type HeldOutcome,
  type Moved,
  type Refusal,
  type StartedRead,
  type Subject,
  type TurnScope,
} from './turn';

/** Everything that happens to one person in one turn, in its order. Other persons' turns run beside it. */
export class PersonTurn {
  readonly refusals: Refusal[] = [];
  readonly decisions: Decision[] = [];
  readonly reads: StartedRead[] = [];
  /** Outcomes for those who stay where they are as long as their journey is paused. */
  readonly held: HeldOutcome[] = [];
  /** Instances whose time has come while their journey is paused. */
  readonly parked: string[] = [];
  /** Timers that are due and were not taken up for there were too many. */
  unfinished = false;
  /** Why the person's steps could not be walked. */
  failure?: { error: unknown };
  private readonly moved = new Map<string, Moved>();
  private readonly active = new Map<string, Moved>();
  /** Those that have ended: the goal may still count. */
  private readonly ended = new Map<string, Moved>();
  private readonly lastEntries: Map<string, number>;
  /** What is still to come. */
  private readonly queue: Arrival[];

  constructor(
    private readonly scope: TurnScope,
    private readonly subject: Subject,
  ) {
    for (const kept of subject.instances) this.know(kept);
    this.lastEntries = new Map(subject.lastEntries);
    this.queue = [...subject.arrivals];
  }

  private know(kept: KeptInstance): void {
    const { id, journeyId, version, state } = kept.instance;
    const journey = this.scope.plan.journeys.get(journeyId);
    const definition = this.scope.plan.version(journeyId, version)?.definition;
    const walks = state === 'active' && !isHeld(journey);
    const now = walks && journey && definition ? afterPauses(kept, journey, definition) : kept;
    const one: Moved = { ...now, fresh: false, counted: false, commands: [], trace: [] };
    (state === 'active' ? this.active : this.ended).set(id, one);
    if (now !== kept) this.moved.set(id, one);
  }

  get changed(): Moved[] {
    return [...this.moved.values()];
  }

  /** One whose steps cannot be walked keeps nobody else from walking theirs: it ends. */
  async run(): Promise<void> {
    try {
      await this.walk();
    } catch (error) {
      this.failure = { error };
      this.giveUp();
    }
  }

  private async walk(): Promise<void> {
    if (this.subject.profileId === undefined) return this.endAll();
    for (let timers = 0; ;) {
      const [arrival] = this.queue;
      const next = this.nextDue();
      if (next && next.due <= Math.min(arrival?.at ?? Infinity, this.scope.horizon) && !this.unfinished) {
        if (timers === this.scope.mostTimers) this.unfinished = true;
        else await this.stimulate(next.one, { kind: 'due' }, momentOf(next.due, this.scope.now));
        timers += 1;
      } else if (arrival) {
        this.queue.shift();
        await this.take(arrival, momentOf(arrival.at, this.scope.now));
      } else break;
    }
    this.settle();
  }

  /** Whoever was found for its time had come, and for whom nothing came of it, is not found again before its next time. */
  private settle(): void {
    for (const [id, one] of this.active) {
      if (this.isPaused(one.instance)) {
        if (nextDueOf(one.instance) <= this.scope.horizon) this.parked.push(id);
      } else if (this.subject.due && this.moved.size === 0) this.moved.set(id, one);
    }
  }

  private giveUp(): void {
    const at = this.scope.now;
    this.moved.clear();
    for (const list of [this.refusals, this.decisions, this.reads, this.held, this.parked]) list.length = 0;
    for (const kept of this.subject.instances) {
      if (kept.instance.state === 'ended') continue;
      const ended = { state: 'ended' as const, endReason: 'error', endedAt: at, tokens: [] };
      const trace: TraceEntry[] = [{ at, visit: 0, step: '', what: 'ended', detail: { reason: 'error' } }];
      const instance = { ...kept.instance, ...ended };
      this.moved.set(instance.id, { ...kept, instance, fresh: false, counted: false, commands: [], trace });
    }
    for (const arrival of this.subject.arrivals) {
      if (arrival.kind === 'request') this.decisions.push({ n: arrival.request.n, code: 'failed' });
    }
  }

  /** Whoever is no more walks no further, and enters nothing. */
  private async endAll(): Promise<void> {
    for (const one of [...this.active.values()])
      await this.stimulate(one, { kind: 'end', reason: 'erased' }, this.scope.now);
    for (const arrival of this.subject.arrivals) {
      if (arrival.kind === 'request') this.decisions.push({ n: arrival.request.n, code: 'profile-gone' });
    }
  }

  private nextDue(): { one: Moved; due: number } | undefined {
    let next: { one: Moved; due: number } | undefined;
    for (const one of this.active.values()) {
      if (this.isPaused(one.instance)) continue;
      const due = nextDueOf(one.instance);
      if (due < (next?.due ?? Infinity)) next = { one, due };
    }
    return next;
  }

  private async take(arrival: Arrival, at: number): Promise<void> {
    switch (arrival.kind) {
      case 'event':
        await this.tellAll({ kind: 'event', event: arrival.event }, at);
        return this.start(arrival, at);
      case 'membership': {
        const { audienceId, op } = arrival;
        await this.tellAll({ kind: 'membership', audienceId, op }, at);
        return this.start(arrival, at);
      }
      case 'outcome': {
        const one = this.active.get(arrival.instanceId);
        if (!one) return;
        if (this.isPaused(one.instance)) this.held.push(arrival);
        else
          await this.stimulate(one, { kind: 'outcome', visit: arrival.visit, outcome: arrival.outcome }, at);
        return;
      }
      case 'request':
      case 'member':
        return this.start(arrival, at);
      case 'job':
        return this.change(arrival, at);
    }
  }

  /** Go on in another version, or begin anew in it. */
  private async change({ instanceId, job }: Arrival & { kind: 'job' }, at: number): Promise<void> {
    const one = this.active.get(instanceId);
    const { plan } = this.scope;
    const from = one && plan.version(one.instance.journeyId, one.instance.version);
    const to = one && plan.version(one.instance.journeyId, job.toVersion);
    if (!one || !from || !to || from.version === to.version) return;
    if (job.kind === 'move') {
      const change = { from: from.definition, to: to.definition, version: to.version, steps: job.steps };
      await this.follow(one, to, moveInstance(change, one.instance, at), at);
      return;
    }
    const { journeyId, key, holdout, speed, entry } = one.instance;
    await this.stimulate(one, { kind: 'end', reason: 'restarted' }, at);
    const anew = { journeyId, key, holdout, speed, entry };
    await this.begin(to, anew, { pausedMs: one.pausedMs, counted: false }, at);
  }

  /** Goals and exits count while a journey is paused, too; goals also for those that have ended. */
  private async tellAll(happening: Happening, at: number): Promise<void> {
    for (const one of [...this.active.values(), ...this.ended.values()]) {
      await this.stimulate(one, this.isPaused(one.instance) ? { ...happening, held: true } : happening, at);
    }
  }

  /** Whoever enters by what happened. */
  private async start(arrival: Arrival, at: number): Promise<void> {
    const { candidates, reads, decisions } = entrantsOf(this.scope.plan, arrival, at);
    this.reads.push(...reads);
    this.decisions.push(...decisions);
    for (const candidate of candidates) await this.consider(candidate, at);
  }

  /** Whether a candidate enters; whoever does walks its first steps. */
  private async consider(candidate: Candidate, at: number): Promise<void> {
    const { journey, version, key, request } = candidate;
    const code = candidate.refused ?? (await this.refusalOf(candidate, at));
    if (code !== undefined) {
      this.refusals.push({
        journeyId: journey.id,
        version: version.version,
        person: this.subject.person,
        at,
        code,
      });
      if (request) this.decisions.push({ n: request.n, code });
      return;
    }
    await this.leaveLower(version, at);
    const { person } = this.subject;
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
    if (request) this.decisions.push({ n: request.n, code: 'entered', instanceId: id });
  }

  /** A new instance takes its first steps; its id. */
  private async begin(
    version: PlannedVersion,
    given: Omit<Entering, 'id' | 'version' | 'person' | 'profileId'>,
    kept: Pick<Moved, 'pausedMs' | 'counted'>,
    at: number,
  ): Promise<string> {
    const { person, profileId } = this.subject;
    const { journeyId, key } = given;
    const id = this.scope.newId({ journeyId, person, key, enteredAt: at });
    this.lastEntries.set(entryKey(journeyId, key), at);
    const entering = { ...given, id, version: version.version, person, profileId: profileId! };
    const advanced = enter(version.definition, entering, at);
    const { instance } = advanced;
    const one: Moved = {
      ...{ instance, ...kept, enteredVersion: instance.version, revision: '1', traced: 0, fresh: true },
      ...{ commands: [], trace: [] },
    };
    await this.follow(one, version, advanced, at);
    return id;
  }

  private async refusalOf(candidate: Candidate, at: number): Promise<RefusalCode | undefined> {
    const { journey, version, key } = candidate;
    const { definition } = version;
    const { person } = this.subject;
    if (journey.state === 'paused') return 'paused';
    if (journey.state === 'test' && this.scope.speedOf(journey.id, person) === undefined) return 'not-marked';
    const instances = [...this.active.values()].map(({ instance }) => instance);
    if (instances.some((one) => one.journeyId === journey.id && one.key === key)) return 'inside';
    if (!mayReenter(definition.reentry, this.lastEntries.get(entryKey(journey.id, key)), at))
      return 'reentry';
    if (instances.some((one) => outranks(this.journeyOf(one), version))) return 'outranked';
    if (definition.where && !(await this.scope.facts.holds(person, definition.where, at))) return 'where';
    return this.scope.room.take(version, at);
  }

  /** A journey takes whoever enters it out of those of its group with a lower priority. */
  private async leaveLower({ journeyId, definition: { group } }: PlannedVersion, at: number): Promise<void> {
    if (!group) return;
    for (const one of [...this.active.values()]) {
      const other = this.journeyOf(one.instance);
      if (other?.journeyId !== journeyId && other?.definition.group?.name === group.name) {
        await this.stimulate(one, { kind: 'end', reason: 'outranked' }, at);
      }
    }
  }

  private async stimulate(one: Moved, stimulus: Stimulus, at: number): Promise<void> {
    const version = this.journeyOf(one.instance);
    if (!version) return;
    const before = one.instance;
    const advanced = advance(version.definition, before, stimulus, at);
    if (advanced.instance !== before) await this.follow(one, version, advanced, at);
  }

  /** Take over what came of an advance, and go on with what it asks until it asks no more. */
  private async follow(one: Moved, version: PlannedVersion, first: Advanced, at: number): Promise<void> {
    for (let advanced = first; ;) {
      one.instance = advanced.instance;
      one.commands.push(...advanced.commands.map((command) => ({ command, at })));
      one.trace.push(...advanced.trace);
      await this.answerAll(one, advanced.commands, at);
      const { questions } = advanced;
      if (questions.length === 0) break;
      const answers = await this.scope.facts.answers(version.definition, one.instance, questions, at);
      advanced = advance(version.definition, one.instance, { kind: 'answers', answers }, at);
    }
    const { id, state, goalUntil, goalAt } = one.instance;
    this.moved.set(id, one);
    if (state === 'active') {
      this.active.set(id, one);
      return;
    }
    this.active.delete(id);
    if (goalUntil !== null && goalAt === null) this.ended.set(id, one);
    else this.ended.delete(id);
  }

  private async answerAll(one: Moved, commands: readonly Command[], at: number): Promise<void> {
    const { answer } = this.scope;
    if (!answer) return;
    for (const command of commands) {
      for (const arrival of await answer(one, command, at)) insertInOrder(this.queue, arrival);
    }
  }

  /** The version that an instance walks. */
  private journeyOf({ journeyId, version }: Instance): PlannedVersion | undefined {
    return this.scope.plan.version(journeyId, version);
  }

  /** Nobody moves on a version that cannot be read, either: they wait for a release that can. */
  private isPaused(instance: Instance): boolean {
    return isHeld(this.scope.plan.journeys.get(instance.journeyId)) || !this.journeyOf(instance);
  }
}
