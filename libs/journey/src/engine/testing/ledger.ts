import type { JourneyDefinition } from '../../definition/definition';
import { nextDueOf } from '../advance';
import type { Instance } from '../instance';
import type { Stimulus, TraceEntry } from '../protocol';
import type { Player } from './player';

interface Entered {
  line: TraceEntry;
  done: boolean;
}

/** Keeps an account of one instance's visits, and throws when a state or a line of its trace breaks a promise. */
export class Ledger {
  private readonly visits = new Map<number, Entered>();
  private lines = 0;
  private instance: Instance | undefined;

  constructor(
    private readonly journey: JourneyDefinition,
    private readonly mostVisits: number,
  ) {}

  /** To be called after each stimulus; undefined: it was just made. */
  check(player: Player, stimulus: Stimulus | undefined, at: number): void {
    const before = this.instance;
    const { instance } = player;
    this.instance = instance;
    for (const line of player.trace.slice(this.lines)) this.enter(line, at);
    this.lines = player.trace.length;
    promise(instance.visits - (before?.visits ?? 0) <= this.mostVisits, 'no more visits than the bound');
    promise(same(JSON.parse(JSON.stringify(instance)), instance), 'a state that is JSON');
    const kept = instance.tokens.every(({ wait }) => wait.kind !== 'facts' && wait.kind !== 'ready');
    promise(kept, 'nothing open is kept');
    promise((instance.state === 'ended') === (instance.endReason !== null), 'an end has a reason');
    promise(instance.state === 'active' || instance.tokens.length === 0, 'who ended waits for nothing');
    promise(
      instance.state === 'ended' || instance.tokens.length > 0 || instance.holdout,
      'who is inside waits',
    );
    this.checkOpen(instance);
    if (stimulus && before) this.checkLeaving(stimulus, before, instance, at);
  }

  private enter(line: TraceEntry, at: number): void {
    const { what, visit, step } = line;
    promise(line.at === at, 'a line of the moment');
    if (visit === 0 || what === 'error') return;
    const known = this.visits.get(visit);
    if (what === 'passed' || what === 'entered') {
      promise(known === undefined, `visit ${visit} once`);
      this.visits.set(visit, { line, done: what === 'passed' });
      return;
    }
    promise(known !== undefined && !known.done, `visit ${visit} was entered and is not over`);
    promise(known!.line.step === step, `visit ${visit} is of one step`);
    known!.done = true;
    const due = known!.line.detail?.due as number | undefined;
    const byTime = this.journey.steps[step]!.kind === 'wait' || line.detail?.timedOut === true;
    if (what === 'left' && byTime) promise(due !== undefined && due <= at, `visit ${visit} is not early`);
  }

  /** Visits that are open are those of tokens and of the parallel steps they are in; and nothing due is forgotten. */
  private checkOpen({ tokens, state }: Instance): void {
    const waiting = tokens.map(({ visit }) => visit);
    promise(new Set(waiting).size === waiting.length, 'one token a visit');
    const around = tokens.flatMap(({ frames }) =>
      frames.flatMap((frame) => (frame.kind === 'branch' ? [frame.visit] : [])),
    );
    const open = [...this.visits].filter(([, { done }]) => !done).map(([visit]) => visit);
    promise(same(open.sort(byNumber), [...new Set([...waiting, ...around])].sort(byNumber)), 'open visits');
    promise(state === 'active' || open.length === 0, 'the end closes every visit');
  }

  private checkLeaving(stimulus: Stimulus, before: Instance, after: Instance, at: number): void {
    if (before.state === 'ended') {
      promise(same({ ...after, goalAt: before.goalAt }, before), 'an end is the end, but for the goal');
    }
    promise(after.goalAt === null || after.goalAt < after.goalUntil!, 'a goal within the window');
    if (stimulus.kind === 'due') {
      promise(nextDueOf(after) > at, 'what is due acts');
    }
    if (stimulus.kind !== 'membership' || before.state === 'ended') return;
    const { goal, exits } = this.journey;
    const isThis = (watch: (typeof exits)[number]): boolean =>
      'audience' in watch && watch.audience.id === stimulus.audienceId && watch.audience.on === stimulus.op;
    if (goal && isThis(goal.watch) && before.goalAt === null) {
      promise(after.goalAt === (at < after.goalUntil! ? at : null), 'a goal at once');
      promise(!goal.ends || after.endReason === 'goal', 'a goal that ends');
    } else if (exits.some(isThis)) promise(after.endReason === 'exit', 'an exit at once');
  }
}

function promise(kept: boolean, what: string): void {
  if (!kept) throw new Error(`broken: ${what}`);
}

const byNumber = (a: number, b: number): number => a - b;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

/** Keys in one order; what is undefined stays visible. */
function sorted(value: unknown): unknown {
  if (value === undefined) return 'undefined';
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}
