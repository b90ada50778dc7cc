import { advance, nextDueOf } from '../../engine/advance';
import type { Instance } from '../../engine/instance';
import type { Advanced, Command, Stimulus, TraceEntry } from '../../engine/protocol';
import type { Arrival } from '../intake/arrivals';
import type { KeptInstance } from '../keep/instance.store';
import type { PlannedVersion } from '../plan/journey-plan';
import { afterPauses, isHeld } from '../plan/pause';
import type { Moved, TurnScope } from './turn';

/** The instances of one person in a turn: who is on the way, whose goal may still count, and who was moved. */
export class PersonInstances {
  private readonly moved = new Map<string, Moved>();
  private readonly active = new Map<string, Moved>();
  /** Those that have ended: the goal may still count. */
  private readonly ended = new Map<string, Moved>();

  /** @param arrives takes what comes of a step's command by itself */
  constructor(
    private readonly scope: TurnScope,
    private readonly kept: readonly KeptInstance[],
    private readonly arrives: (arrival: Arrival) => void,
  ) {
    for (const one of kept) this.know(one);
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

  /** Those to whom something happened. */
  get changed(): Moved[] {
    return [...this.moved.values()];
  }

  get walking(): Moved[] {
    return [...this.active.values()];
  }

  /** Those on their way, and those whose goal may still count. */
  get followed(): Moved[] {
    return [...this.active.values(), ...this.ended.values()];
  }

  /** One that is on its way. */
  find(id: string): Moved | undefined {
    return this.active.get(id);
  }

  /** The version that an instance walks. */
  versionOf({ journeyId, version }: Instance): PlannedVersion | undefined {
    return this.scope.plan.version(journeyId, version);
  }

  /** Nobody moves on a version that cannot be read, either: they wait for a release that can. */
  isPaused(instance: Instance): boolean {
    return isHeld(this.scope.plan.journeys.get(instance.journeyId)) || !this.versionOf(instance);
  }

  /** Whose time comes next. */
  nextDue(): { one: Moved; due: number } | undefined {
    let next: { one: Moved; due: number } | undefined;
    for (const one of this.active.values()) {
      if (this.isPaused(one.instance)) continue;
      const due = nextDueOf(one.instance);
      if (due < (next?.due ?? Infinity)) next = { one, due };
    }
    return next;
  }

  /** Something happens to one. */
  async stimulate(one: Moved, stimulus: Stimulus, at: number): Promise<void> {
    const version = this.versionOf(one.instance);
    if (!version) return;
    const before = one.instance;
    const advanced = advance(version.definition, before, stimulus, at);
    if (advanced.instance !== before) await this.follow(one, version, advanced, at);
  }

  /** Take over what came of an advance, and go on with what it asks until it asks no more. */
  async follow(one: Moved, version: PlannedVersion, first: Advanced, at: number): Promise<void> {
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
      for (const arrival of await answer(one, command, at)) this.arrives(arrival);
    }
  }

  /** One to whom nothing happened counts as moved: when it is due next is written anew. */
  touch(one: Moved): void {
    this.moved.set(one.instance.id, one);
  }

  /** Whatever happened to them, those who were on their way end as they were read. */
  giveUp(): void {
    const at = this.scope.now;
    this.moved.clear();
    for (const kept of this.kept) {
      if (kept.instance.state === 'ended') continue;
      const instance = {
        ...kept.instance,
        ...{ state: 'ended' as const, endReason: 'error', endedAt: at, tokens: [] },
      };
      const trace: TraceEntry[] = [{ at, visit: 0, step: '', what: 'ended', detail: { reason: 'error' } }];
      this.touch({ ...kept, instance, fresh: false, counted: false, commands: [], trace });
    }
  }
}
