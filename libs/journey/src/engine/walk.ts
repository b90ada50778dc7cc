import type { JourneyDefinition } from '../definition/definition';
import { act, type Acting, type Detail, keepResponse, type Move } from './act';
import { asksOf, type Facts, NO_FACTS } from './asks';
import type { Frame, Instance, RememberedReaction, Token, TokenWait } from './instance';
import { shortened } from './moments';
import { STEP_BUDGET } from './most-visits';
import { remembering } from './reactions';
import { nextOf } from './steps';
import type { Advanced, Command, Question, TraceEntry, TraceWhat } from './protocol';

/**
 * One instance being advanced at one moment. A token that left its step is ready; ready tokens are walked one after the
 * other, each until it waits or ends, and branches in the order they were written. So what follows from one moment has
 * one order, whether or not somebody had to be asked in between.
 */
export class Walk implements Acting {
  private readonly commands: Command[] = [];
  private readonly trace: TraceEntry[] = [];
  private touched = false;
  private tokens: Token[];
  context: Record<string, unknown>;
  private visits: number;
  private goalAt: number | null;
  private endReason: string | null;
  sent: Record<string, number>;
  reacted: readonly RememberedReaction[];

  constructor(
    readonly journey: JourneyDefinition,
    readonly before: Instance,
    readonly at: number,
    private readonly budget = STEP_BUDGET,
  ) {
    this.tokens = [...before.tokens];
    this.context = before.context;
    this.visits = before.visits;
    this.goalAt = before.goalAt;
    this.endReason = before.endReason;
    this.sent = before.sent;
    this.reacted = before.reacted;
  }

  get waiting(): readonly Token[] {
    return this.tokens;
  }

  /** The moment after so many milliseconds of business time. */
  later(ms: number): number {
    return this.at + shortened(ms, this.before.speed);
  }

  command(command: Command): void {
    this.commands.push(command);
  }

  tell(what: TraceWhat, step: string, visit: number, more: Pick<TraceEntry, 'next' | 'detail'> = {}): void {
    const { next, detail } = more;
    const entry: TraceEntry = { at: this.at, visit, step, what };
    if (next !== undefined) entry.next = next;
    if (detail !== undefined) entry.detail = detail;
    this.trace.push(entry);
    this.touched = true;
  }

  /** Under a name in the context; what is undefined leaves what was there. */
  remember(name: string, value: unknown): void {
    if (value !== undefined) this.context = { ...this.context, [name]: value };
  }

  /** For whoever comes to await it. */
  keepInMind(reaction: RememberedReaction): void {
    this.reacted = remembering(this.reacted, reaction);
    this.touched ||= this.reacted !== this.before.reacted;
  }

  /** At the first step; whoever waits stops. */
  start(version?: number): void {
    this.stop(this.tokens, 0, version);
    this.tokens = [readied({ step: '', visit: 0, frames: [], wait: { kind: 'ready' } }, this.journey.start)];
  }

  /** A token waits on at the step that took its step's place, or stops and begins it. */
  move(token: Token, to: Pick<Token, 'step' | 'frames'>, version: number, waitsOn: boolean): void {
    this.tokens.splice(this.tokens.indexOf(token), 1);
    if (waitsOn) {
      this.tell('moved', to.step, token.visit, { detail: { from: token.step, version } });
      this.tokens.push({ ...token, ...to });
    } else {
      this.tell('stopped', token.step, token.visit, { detail: { version } });
      this.tokens.push({ ...readied(token, to.step), frames: to.frames });
    }
  }

  /** A token that waited has what it waited for. It goes on after those that are ready by now. */
  leave(token: Token, next: string | undefined, detail?: Detail): void {
    this.tell('left', token.step, token.visit, { next, detail });
    this.tokens.splice(this.tokens.indexOf(token), 1);
    this.tokens.push(readied(token, next));
  }

  /** Another wait of the same visit. */
  wait(token: Token, wait: TokenWait): void {
    this.touched = true;
    this.tokens[this.tokens.indexOf(token)] = { ...token, wait };
  }

  /** What a token asked for is known. */
  inform(token: Token, facts: Facts): void {
    this.touched = true;
    const index = this.tokens.indexOf(token);
    const step = this.journey.steps[token.step]!;
    if (step.kind !== 'call') return this.apply(index, token, act(this, token, facts));
    const next = keepResponse(this, token, step, facts);
    this.tell('left', token.step, token.visit, { next });
    this.tokens[index] = readied(token, next);
  }

  reachGoal(detail: Detail): void {
    this.goalAt = this.at;
    this.tell('goal', '', 0, { detail });
  }

  end(reason: string, detail?: Detail): void {
    this.stop(this.tokens, 0);
    this.tokens = [];
    this.endReason = reason;
    this.tell('ended', '', 0, { detail: { reason, ...detail } });
  }

  /** Walk what is ready, until everything waits or somebody has to be asked. */
  run(): void {
    while (!this.tokens.some(({ wait }) => wait.kind === 'facts')) {
      const index = this.tokens.findIndex(({ wait }) => wait.kind === 'ready');
      if (index < 0) return;
      const token = this.tokens[index]!;
      const next = token.wait.kind === 'ready' ? token.wait.next : undefined;
      if (next !== undefined) this.visit(index, next, token.frames);
      else this.finish(index, token);
    }
  }

  private visit(index: number, step: string, frames: Frame[]): void {
    if (this.visits - this.before.visits >= this.budget) return this.end('too-many-steps');
    this.visits += 1;
    const token: Token = { step, visit: this.visits, frames, wait: { kind: 'facts' } };
    this.tokens[index] = token;
    if (asksOf(this.journey, token).length === 0) this.apply(index, token, act(this, token, NO_FACTS));
  }

  private apply(index: number, token: Token, move: Move): void {
    const { step, visit } = token;
    if ('end' in move) {
      this.tell('passed', step, visit);
      this.tokens[index] = readied(token, undefined);
      this.end(move.end, { step });
    } else if ('stay' in move) {
      this.tell('entered', step, visit, { detail: move.detail });
      this.tokens[index] = { ...token, wait: move.stay };
    } else if ('branches' in move) {
      this.tell('entered', step, visit);
      this.tokens.splice(index, 1, ...move.branches.map((next, branch) => branched(token, next, branch)));
    } else {
      const { next, detail, frames = token.frames } = move;
      this.tell('passed', step, visit, { next, detail });
      this.tokens[index] = { ...readied(token, next), frames };
    }
  }

  /** A token has come to the end of what it is inside of. */
  private finish(index: number, token: Token): void {
    const depth = token.frames.length - 1;
    const inner = token.frames[depth];
    if (!inner) this.end('completed');
    else if (inner.kind === 'loop') this.visit(index, inner.step, token.frames);
    else this.finishBranch(index, token, inner, depth);
  }

  private finishBranch(
    index: number,
    token: Token,
    { step: id, visit }: Extract<Frame, { kind: 'branch' }>,
    depth: number,
  ): void {
    const step = this.journey.steps[id]!;
    const others = this.tokens.filter((other) => other !== token && isInside(other, visit, depth));
    const first = step.kind === 'parallel' && step.join === 'any';
    if (others.length > 0 && !first) {
      this.tokens.splice(index, 1);
      return;
    }
    this.stop(others, depth + 1);
    const next = nextOf(step);
    this.tell('left', id, visit, { next });
    const joined: Token = { step: id, visit, frames: token.frames.slice(0, depth), wait: token.wait };
    this.tokens[index] = readied(joined, next);
    this.tokens = this.tokens.filter((other) => !others.includes(other));
  }

  /** Say of waiting tokens, and of what they are inside of from some depth on, that they stop. */
  private stop(tokens: readonly Token[], depth: number, version?: number): void {
    const more = version === undefined ? {} : { detail: { version } };
    const stopped = new Map<number, string>();
    for (const { step, visit, frames, wait } of tokens) {
      for (const frame of frames.slice(depth))
        if (frame.kind === 'branch') stopped.set(frame.visit, frame.step);
      if (hasEntered(wait)) stopped.set(visit, step);
    }
    for (const [visit, step] of [...stopped].sort(([a], [b]) => a - b))
      this.tell('stopped', step, visit, more);
  }

  advanced(): Advanced {
    const { commands, trace } = this;
    const ended = this.endReason !== null;
    const instance: Instance = this.touched
      ? {
          ...this.before,
          state: ended ? 'ended' : 'active',
          endReason: this.endReason,
          endedAt: ended ? (this.before.endedAt ?? this.at) : null,
          goalAt: this.goalAt,
          context: this.context,
          tokens: this.tokens,
          visits: this.visits,
          sent: this.sent,
          reacted: ended ? [] : this.reacted,
        }
      : this.before;
    return { instance, commands, trace, questions: questionsOf(this.journey, instance) };
  }
}

/** Everything an instance has to be told before it can go on. */
function questionsOf(journey: JourneyDefinition, { tokens }: Instance): Question[] {
  return tokens.flatMap((token) =>
    token.wait.kind === 'facts' ? asksOf(journey, token).map((ask) => ({ visit: token.visit, ask })) : [],
  );
}

/** Whether the trace has the step as one that waits. A call whose response is looked at has. */
const hasEntered = (wait: TokenWait): boolean =>
  wait.kind === 'facts' ? 'response' in wait : wait.kind !== 'ready';

const readied = (token: Token, next: string | undefined): Token => ({
  ...token,
  wait: next === undefined ? { kind: 'ready' } : { kind: 'ready', next },
});

const branched = ({ step, visit, frames }: Token, next: string, branch: number): Token => ({
  step,
  visit,
  frames: [...frames, { kind: 'branch', step, visit, branch }],
  wait: { kind: 'ready', next },
});

const isInside = ({ frames }: Token, visit: number, depth: number): boolean => {
  const frame = frames[depth];
  return frame?.kind === 'branch' && frame.visit === visit;
};
