import { nextDueOf } from '../../engine/advance';
import type { Happening } from '../../engine/protocol';
import { moveInstance } from '../../engine/move-instance';
import { momentOf } from '../../engine/moments';
import { type Arrival, insertInOrder } from '../intake/arrivals';
import { type EntryNotes, PersonEntries } from './person-entries';
import { PersonInstances } from './person-instances';
import type { Decision, HeldOutcome, Moved, Refusal, StartedRead, Subject, TurnScope } from './turn';

/** Everything that happens to one person in one turn, in its order. Other persons' turns run beside it. */
export class PersonTurn implements EntryNotes {
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
  /** What is still to come. */
  private readonly queue: Arrival[];
  private readonly instances: PersonInstances;
  private readonly entries: PersonEntries;

  constructor(
    private readonly scope: TurnScope,
    private readonly subject: Subject,
  ) {
    this.queue = [...subject.arrivals];
    this.instances = new PersonInstances(scope, subject.instances, (one) => insertInOrder(this.queue, one));
    this.entries = new PersonEntries(scope, subject, this.instances, this);
  }

  /** Instances to which something happened. */
  get changed(): Moved[] {
    return this.instances.changed;
  }

  /** One whose steps cannot be walked keeps nobody else from walking theirs: it ends. */
  async run(): Promise<void> {
    try {
      if (this.subject.profileId === undefined) await this.endAll();
      else await this.walk();
    } catch (error) {
      this.failure = { error };
      this.giveUp();
    }
  }

  private async walk(): Promise<void> {
    for (let timers = 0; ;) {
      const [arrival] = this.queue;
      const next = this.instances.nextDue();
      if (next && next.due <= Math.min(arrival?.at ?? Infinity, this.scope.horizon) && !this.unfinished) {
        if (timers === this.scope.mostTimers) this.unfinished = true;
        else await this.instances.stimulate(next.one, { kind: 'due' }, momentOf(next.due, this.scope.now));
        timers += 1;
      } else if (arrival) {
        this.queue.shift();
        await this.take(arrival, momentOf(arrival.at, this.scope.now));
      } else break;
    }
    this.settle();
  }

  private async take(arrival: Arrival, at: number): Promise<void> {
    switch (arrival.kind) {
      case 'event':
        await this.tellAll({ kind: 'event', event: arrival.event }, at);
        return this.entries.start(arrival, at);
      case 'membership': {
        const { audienceId, op } = arrival;
        await this.tellAll({ kind: 'membership', audienceId, op }, at);
        return this.entries.start(arrival, at);
      }
      case 'outcome':
        return this.tellOutcome(arrival, at);
      case 'request':
      case 'member':
        return this.entries.start(arrival, at);
      case 'job':
        return this.change(arrival, at);
    }
  }

  /** Goals and exits count while a journey is paused, too; goals also for those that have ended. */
  private async tellAll(happening: Happening, at: number): Promise<void> {
    for (const one of this.instances.followed) {
      const held = this.instances.isPaused(one.instance);
      await this.instances.stimulate(one, held ? { ...happening, held } : happening, at);
    }
  }

  private async tellOutcome(told: HeldOutcome, at: number): Promise<void> {
    const one = this.instances.find(told.instanceId);
    if (!one) return;
    const { visit, outcome } = told;
    if (this.instances.isPaused(one.instance)) this.held.push(told);
    else await this.instances.stimulate(one, { kind: 'outcome', visit, outcome }, at);
  }

  /** Go on in another version, or begin anew in it. */
  private async change({ instanceId, job }: Arrival & { kind: 'job' }, at: number): Promise<void> {
    const one = this.instances.find(instanceId);
    const from = one && this.instances.versionOf(one.instance);
    const to = one && this.scope.plan.version(one.instance.journeyId, job.toVersion);
    if (!one || !from || !to || from.version === to.version) return;
    if (job.kind === 'move') {
      const change = { from: from.definition, to: to.definition, version: to.version, steps: job.steps };
      await this.instances.follow(one, to, moveInstance(change, one.instance, at), at);
      return;
    }
    const { journeyId, key, holdout, speed, entry } = one.instance;
    await this.instances.stimulate(one, { kind: 'end', reason: 'restarted' }, at);
    const given = 'context' in entry ? entry.context : undefined;
    const anew = { journeyId, key, holdout, speed, entry, ...(given && { context: given }) };
    await this.entries.begin(to, anew, { pausedMs: one.pausedMs, counted: false }, at);
  }

  /** Whoever was found for its time had come, and for whom nothing came of it, is not found again before its next time. */
  private settle(): void {
    const nothing = this.subject.due && this.instances.changed.length === 0;
    for (const one of this.instances.walking) {
      if (this.instances.isPaused(one.instance)) {
        if (nextDueOf(one.instance) <= this.scope.horizon) this.parked.push(one.instance.id);
      } else if (nothing) this.instances.touch(one);
    }
  }

  /** Whoever is no more walks no further, and enters nothing. */
  private async endAll(): Promise<void> {
    for (const one of this.instances.walking)
      await this.instances.stimulate(one, { kind: 'end', reason: 'erased' }, this.scope.now);
    this.refuseRequests('profile-gone');
  }

  private giveUp(): void {
    for (const list of [this.refusals, this.decisions, this.reads, this.held, this.parked]) list.length = 0;
    this.instances.giveUp();
    this.refuseRequests('failed');
  }

  private refuseRequests(code: Decision['code']): void {
    for (const arrival of this.subject.arrivals) {
      if (arrival.kind === 'request') this.decisions.push({ n: arrival.request.n, code });
    }
  }
}
