import { createHash } from 'node:crypto';
import type {
  AwaitArm,
  AwaitStep,
  CallStep,
  JourneyDefinition,
  LoopStep,
  ParallelStep,
  Step,
} from '../../definition/definition';
import type { Entering } from '../advance';
import type { Happening, Stimulus, VisitOutcome } from '../protocol';
import type { Facts } from './oracle';
import { ReferenceBook } from './reference-book';

/** What a thread stands still for. */
interface Standing {
  step: string;
  visit: number;
  kind: 'time' | 'watch' | 'outcome';
  due: number | null;
}

/** What a thread is woken with: where it goes, and what a call gave. */
interface Woken {
  next: string | undefined;
  response?: unknown;
}

type Path = Generator<Standing, void, Woken>;

interface Thread {
  path: Path;
  standing?: Standing;
  /** The thread whose parallel step began it, and that step's visit. */
  parent?: Thread;
  fork?: number;
  stopped: boolean;
  ended?: () => void;
}

class Ended extends Error {}

/**
 * The journeys' meaning once more, as simply as it can be said: each branch is a path that is walked by a generator,
 * loops are loops, and what is asked is known at once. It shares types with the engine and nothing else.
 */
export class Reference extends ReferenceBook {
  endReason: string | null = null;
  endedAt: number | null = null;
  goalAt: number | null = null;
  readonly goalUntil: number | null;
  private readonly enteredAt: number;
  visits = 0;
  private threads: Thread[] = [];
  /** Parallel steps that have not been joined, by their visits. */
  private readonly forks = new Map<number, { step: string; thread: Thread }>();

  constructor(journey: JourneyDefinition, entering: Entering, facts: Facts, at: number) {
    super(journey, entering, facts, at);
    this.enteredAt = at;
    this.goalUntil = journey.goal ? this.sooner(journey.goal.withinMs) : null;
    this.tell('entered', '', 0, { by: entering.entry.kind });
    this.untilEnded(() => {
      if (!entering.holdout) this.begin(journey.start, undefined, undefined, () => this.end('completed'));
      else if (!journey.goal) this.end('completed');
    });
  }

  get standing(): Standing[] {
    return this.threads.flatMap(({ standing }) => standing ?? []).sort((a, b) => a.visit - b.visit);
  }

  get due(): number | null {
    const dues = this.standing.flatMap(({ due }) => due ?? []);
    if (this.isFollowed) dues.push(this.goalUntil!);
    return dues.length === 0 ? null : Math.min(...dues);
  }

  private get isFollowed(): boolean {
    return this.entering.holdout && this.endReason === null;
  }

  take(stimulus: Stimulus, at: number): void {
    this.at = at;
    if (this.endReason !== null) {
      if (stimulus.kind === 'event' || stimulus.kind === 'membership') this.takeGoal(stimulus);
      return;
    }
    this.untilEnded(() => {
      if (stimulus.kind === 'end') this.end(stimulus.reason);
      else if (stimulus.kind === 'due') this.takeDue();
      else if (stimulus.kind === 'outcome') this.takeOutcome(stimulus.visit, stimulus.outcome);
      else if (stimulus.kind === 'event' || stimulus.kind === 'membership') this.takeHappening(stimulus);
    });
  }

  private takeDue(): void {
    if (this.isFollowed && this.goalUntil! <= this.at) this.end('completed');
    const due = this.threads
      .filter(({ standing }) => standing && standing.due !== null && standing.due <= this.at)
      .sort(({ standing: a }, { standing: b }) => a!.due! - b!.due! || a!.visit - b!.visit);
    this.wake(
      due.map((thread) => {
        const step = this.journey.steps[thread.standing!.step] as {
          [way in 'next' | 'failed' | 'timedOut']?: string;
        };
        const timedOut = thread.standing!.kind !== 'time';
        const next = timedOut ? (step.timedOut ?? step.failed ?? step.next) : step.next;
        return { thread, woken: { next }, detail: timedOut ? { timedOut } : undefined };
      }),
    );
  }

  private takeOutcome(visit: number, outcome: VisitOutcome): void {
    const thread = this.threads.find(
      ({ standing }) => standing?.visit === visit && standing.kind === 'outcome',
    );
    if (!thread) return;
    const step = this.journey.steps[thread.standing!.step]! as CallStep;
    if (outcome.status !== 'accepted') {
      const { status, code } = outcome;
      this.wake([{ thread, woken: { next: step.failed ?? step.next }, detail: { status, code } }]);
      return;
    }
    if (step.kind !== 'call' || Object.keys(step.into).length === 0) {
      this.wake([{ thread, woken: { next: step.next }, detail: { status: 'accepted' } }]);
      return;
    }
    if (outcome.problem !== undefined) {
      const detail = { status: 'accepted', code: outcome.problem };
      this.wake([{ thread, woken: { next: step.failed ?? step.next }, detail }]);
      return;
    }
    const given = this.give(visit, step.into, outcome.response ?? null);
    this.tellErrors(thread.standing!, given.errors);
    Object.assign(this.context, given.values);
    this.wake([{ thread, woken: { next: step.next } }]);
  }

  /** Whether it is the goal and nobody has seen it before. */
  private takeGoal(happening: Happening): boolean {
    const { goal } = this.journey;
    if (!goal || this.goalAt !== null || this.isTooLate(happening)) return false;
    if (!this.meets(goal.watch, happening)) return false;
    if (this.at >= this.goalUntil!) return true;
    this.goalAt = this.at;
    this.tell('goal', '', 0, this.said(happening));
    return true;
  }

  private takeHappening(happening: Happening): void {
    const { goal, exits } = this.journey;
    if (this.isTooLate(happening)) return;
    const detail = this.said(happening);
    const meets = (watch: AwaitArm['for']): boolean => this.meets(watch, happening);
    if (this.takeGoal(happening) && (goal!.ends || this.entering.holdout)) this.end('goal', detail);
    if (exits.some(meets)) this.end('exit', detail);
    const awaited = this.standing.some(
      ({ step, kind }) =>
        kind === 'watch' && (this.journey.steps[step] as AwaitStep).arms.some((arm) => meets(arm.for)),
    );
    if (!awaited) this.keepInMind(happening);
    if (happening.held) return;
    const woken = this.standing.flatMap(({ step: id, visit, kind }) => {
      if (kind !== 'watch') return [];
      const step = this.journey.steps[id] as AwaitStep;
      const index = step.arms.findIndex((arm) => meets(arm.for));
      const arm = step.arms[index];
      if (!arm) return [];
      if (arm.as !== undefined && happening.kind === 'event')
        this.context = { ...this.context, [arm.as]: happening.event.properties };
      const thread = this.threads.find(({ standing }) => standing?.visit === visit)!;
      return [{ thread, woken: { next: arm.next ?? step.next }, detail: { arm: index, ...detail } }];
    });
    this.wake(woken);
  }

  /** All leave where they stand, then one after the other goes on. */
  private wake(woken: { thread: Thread; woken: Woken; detail?: object }[]): void {
    for (const { thread, woken: to, detail } of woken) {
      const { step, visit } = thread.standing!;
      this.tell('left', step, visit, detail, to.next);
      thread.standing = undefined;
    }
    for (const { thread, woken: to } of woken) if (!thread.stopped) this.run(thread, to);
  }

  private begin(
    start: string,
    parent: Thread | undefined,
    fork: number | undefined,
    ended: () => void,
  ): void {
    const thread: Thread = { path: undefined!, parent, fork, stopped: false, ended };
    thread.path = this.walk(start, thread);
    this.threads.push(thread);
    this.run(thread, { next: undefined });
  }

  private run(thread: Thread, woken: Woken): void {
    const { value, done } = thread.path.next(woken);
    if (!done) {
      thread.standing = value;
      return;
    }
    this.threads = this.threads.filter((other) => other !== thread);
    thread.ended?.();
  }

  /** From a step to the end of the branch, body or journey it is in. */
  private *walk(start: string | undefined, thread: Thread): Path {
    for (let id = start; id !== undefined;) {
      const step = this.journey.steps[id]!;
      if (step.kind === 'loop') id = yield* this.loop(id, step, thread);
      else {
        this.visits += 1;
        id = yield* this.step(id, this.visits, step, thread);
      }
    }
  }

  private *step(
    id: string,
    visit: number,
    step: Step,
    thread: Thread,
  ): Generator<Standing, string | undefined, Woken> {
    switch (step.kind) {
      case 'send': {
        const { connectorId, content, priority, failed } = step;
        const watched = failed !== undefined;
        this.command({
          kind: 'deliver',
          visit,
          step: id,
          connectorId,
          content,
          context: { ...this.context },
          priority,
          call: false,
          watched,
        });
        this.sent = { ...this.sent, [id]: visit };
        this.reacted = this.reacted.filter(({ to }) => to !== id);
        if (watched) return yield* this.stand({ step: id, visit, kind: 'outcome', due: null });
        return this.pass(id, visit, step.next);
      }
      case 'call': {
        const { connectorId, content } = step;
        const how = { priority: 'transactional', call: true, watched: true } as const;
        const context = { ...this.context };
        this.command({ kind: 'deliver', visit, step: id, connectorId, content, context, ...how });
        return yield* this.stand({ step: id, visit, kind: 'outcome', due: this.at + step.timeoutMs });
      }
      case 'wait': {
        const until = this.until(id, visit, step);
        if (until === undefined || until <= this.at) return this.pass(id, visit, step.next);
        return yield* this.stand({ step: id, visit, kind: 'time', due: this.sooner(until - this.at) });
      }
      case 'await': {
        const known = this.recall(step.arms);
        if (known) {
          const { as, next = step.next } = step.arms[known.arm]!;
          const { event, messageId, properties } = known.reaction;
          if (as !== undefined) this.context = { ...this.context, [as]: properties };
          return this.pass(id, visit, next, { arm: known.arm, event, messageId });
        }
        const due = step.timeoutMs === undefined ? null : this.sooner(step.timeoutMs);
        return yield* this.stand({ step: id, visit, kind: 'watch', due });
      }
      case 'branch': {
        const holds = this.holds(
          id,
          visit,
          step.arms.map(({ where }) => where),
        );
        const arm = holds.indexOf(true);
        const next = arm < 0 ? step.next : step.arms[arm]!.next;
        return this.pass(id, visit, next, arm < 0 ? { holds } : { arm, holds });
      }
      case 'split': {
        const text = `${step.salt ?? `${this.entering.journeyId}:${id}`}:${this.entering.person}`;
        const hash = parseInt(createHash('md5').update(text).digest('hex').slice(0, 8), 16) % 10_000;
        const ends = step.arms.map((_, index) =>
          step.arms.slice(0, index + 1).reduce((sum, { share }) => sum + share, 0),
        );
        const arm = step.arms[ends.findIndex((end) => hash < end)];
        return this.pass(id, visit, arm ? arm.next : step.next, arm && { arm: arm.name });
      }
      case 'parallel':
        return yield* this.parallel(id, visit, step, thread);
      case 'update':
        return this.update(id, visit, step);
      case 'jump': {
        const { values, errors } = this.give(visit, step.context);
        this.tellErrors({ step: id, visit }, errors);
        const { entry } = this.entering;
        const hops = entry.kind === 'jump' && this.at === this.enteredAt ? (entry.hops ?? 0) + 1 : 1;
        if (hops <= 10)
          this.command({ kind: 'jump', visit, journeyId: step.journeyId, context: values, hops });
        this.pass(id, visit, undefined);
        return this.end(hops > 10 ? 'jump-loop' : 'jump', { step: id });
      }
      case 'end':
        this.pass(id, visit, undefined);
        return this.end(step.reason ?? 'completed', { step: id });
      case 'loop':
        throw new TypeError('a loop is more than a step');
    }
  }

  private *loop(id: string, step: LoopStep, thread: Thread): Generator<Standing, string | undefined, Woken> {
    for (let turn = 1; ; turn++) {
      this.visits += 1;
      const visit = this.visits;
      const goesOn = turn <= step.times && (!step.while || this.holds(id, visit, [step.while], 'while')[0]);
      if (!goesOn) return this.pass(id, visit, step.next, { turns: turn - 1 });
      this.pass(id, visit, step.body, { turn });
      yield* this.walk(step.body, thread);
    }
  }

  /** The thread itself stands still without being woken by anything but the join. */
  private *parallel(
    id: string,
    visit: number,
    { branches, join, next }: ParallelStep,
    thread: Thread,
  ): Generator<Standing, string | undefined, Woken> {
    this.tell('entered', id, visit);
    this.forks.set(visit, { step: id, thread });
    let left = branches.length;
    let joined = false;
    let sleeps = false;
    for (const start of branches) {
      if (joined) break;
      this.begin(start, thread, visit, () => {
        left -= 1;
        if (join === 'all' && left > 0) return;
        joined = true;
        this.stopWithin(visit);
        this.forks.delete(visit);
        this.tell('left', id, visit, undefined, next);
        if (sleeps) this.run(thread, { next });
      });
    }
    sleeps = true;
    if (!joined) yield undefined as unknown as Standing;
    return next;
  }

  private *stand(standing: Standing): Generator<Standing, string | undefined, Woken> {
    const { step, visit, due } = standing;
    this.tell('entered', step, visit, due === null ? undefined : { due });
    return (yield standing).next;
  }

  private stopWithin(fork: number): void {
    const inside = (thread: Thread | undefined): boolean =>
      thread !== undefined && (thread.fork === fork || inside(thread.parent));
    this.stop(this.threads.filter(inside));
  }

  private stop(threads: Thread[]): void {
    const lines = new Map<number, string>();
    for (const thread of threads) {
      thread.stopped = true;
      if (thread.standing) lines.set(thread.standing.visit, thread.standing.step);
      for (const [visit, fork] of this.forks) if (fork.thread === thread) lines.set(visit, fork.step);
    }
    for (const visit of lines.keys()) this.forks.delete(visit);
    this.threads = this.threads.filter((thread) => !threads.includes(thread));
    for (const [visit, step] of [...lines].sort(([a], [b]) => a - b)) this.tell('stopped', step, visit);
  }

  private end(reason: string, detail?: object): never {
    this.stop(this.threads);
    this.reacted = [];
    this.endReason = reason;
    this.endedAt = this.at;
    this.tell('ended', '', 0, { reason, ...detail });
    throw new Ended();
  }

  private untilEnded(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
    }
  }
}
