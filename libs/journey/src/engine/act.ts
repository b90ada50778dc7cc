import { DEFAULT_ZONE, isZone, parseDate, samplePart } from '@percorso/segmentation';
import type {
  JourneyDefinition,
  AwaitStep,
  BranchStep,
  CallStep,
  JumpStep,
  LoopStep,
  SendStep,
  SplitStep,
  UpdateStep,
  WaitStep,
} from '../definition/definition';
import { armPointer, contextName, type Facts, isTest, traitName, turnsOf, whilePointer } from './asks';
import type { Frame, Instance, RememberedReaction, Token, TokenWait } from './instance';
import { nextLocalTime } from './local-time';
import type { Command, TraceEntry, TraceWhat } from './protocol';
import { recalled } from './reactions';

export type Detail = Record<string, unknown>;

/** What a step may do to the instance that is walked. */
export interface Acting {
  readonly context: Record<string, unknown>;
  readonly journey: JourneyDefinition;
  readonly before: Instance;
  readonly at: number;
  /** By step the visit in which it sent last. */
  sent: Record<string, number>;
  /** Reactions that nobody awaited when they came. */
  reacted: readonly RememberedReaction[];
  later(ms: number): number;
  command(command: Command): void;
  tell(what: TraceWhat, step: string, visit: number, more?: Pick<TraceEntry, 'next' | 'detail'>): void;
  remember(name: string, value: unknown): void;
}

/** What comes of a step when it acts. */
export type Move =
  /** It is left. `frames`: those of what follows, if others. */
  | { next: string | undefined; detail?: Detail; frames?: Frame[] }
  | { stay: TokenWait; detail?: Detail }
  | { branches: string[] }
  | { end: string };

/** Let the step that a token has come to act: it knows what it asked for. */
export function act(walk: Acting, token: Token, facts: Facts): Move {
  const step = walk.journey.steps[token.step]!;
  tellErrors(walk, token, facts);
  switch (step.kind) {
    case 'send':
      return send(walk, token, step);
    case 'call':
      return call(walk, token, step);
    case 'wait':
      return wait(walk, step, facts);
    case 'await':
      return awaitArms(walk, step);
    case 'branch':
      return branch(token, step, facts);
    case 'split':
      return split(walk, token, step);
    case 'parallel':
      return { branches: step.branches };
    case 'loop':
      return loop(token, step, facts);
    case 'update':
      return update(walk, token, step, facts);
    case 'jump':
      return jump(walk, token, step, facts);
    case 'end':
      return { end: step.reason ?? 'completed' };
  }
}

/** What a call's response gave goes into the context. */
export function keepResponse(walk: Acting, token: Token, step: CallStep, facts: Facts): string | undefined {
  tellErrors(walk, token, facts);
  for (const name of Object.keys(step.into)) walk.remember(name, valueOf(facts, name));
  return step.next;
}

/** Names are the writer's own: one may be called as something every object has. */
const valueOf = ({ values }: Facts, name: string): unknown =>
  Object.hasOwn(values, name) ? values[name] : undefined;

function tellErrors(walk: Acting, { step, visit }: Token, { errors }: Facts): void {
  if (Object.keys(errors).length > 0) walk.tell('error', step, visit, { detail: errors });
}

function send(walk: Acting, token: Token, step: SendStep): Move {
  const watched = step.failed !== undefined;
  deliver(walk, token, step, { priority: step.priority, call: false, watched });
  walk.sent = { ...walk.sent, [token.step]: token.visit };
  walk.reacted = walk.reacted.filter(({ to }) => to !== token.step);
  return watched ? { stay: { kind: 'outcome', due: null } } : { next: step.next };
}

function call(walk: Acting, token: Token, step: CallStep): Move {
  deliver(walk, token, step, { priority: 'transactional', call: true, watched: true });
  // A provider answers a marked profile as fast as any other.
  const due = walk.at + step.timeoutMs;
  return { stay: { kind: 'outcome', due }, detail: { due } };
}

function deliver(
  walk: Acting,
  { step, visit }: Token,
  { connectorId, content }: SendStep | CallStep,
  how: Pick<Extract<Command, { kind: 'deliver' }>, 'priority' | 'call' | 'watched'>,
): void {
  walk.command({ kind: 'deliver', visit, step, connectorId, content, context: walk.context, ...how });
}

function wait(walk: Acting, step: WaitStep, facts: Facts): Move {
  const instant = instantOf(walk, step, facts);
  if (instant === undefined || instant <= walk.at) return { next: step.next };
  const due = walk.later(instant - walk.at);
  return { stay: { kind: 'time', due }, detail: { due } };
}

function instantOf({ at }: Acting, { until }: WaitStep, facts: Facts): number | undefined {
  if ('for' in until) return at + until.for;
  if ('at' in until) return until.at;
  if ('jsonata' in until) return dateOf(facts.values['until']);
  const told = until.zone && 'name' in until.zone ? until.zone.name : facts.zone;
  const zone = told !== undefined && isZone(told) ? told : DEFAULT_ZONE;
  return nextLocalTime(zone, until.time, until.weekdays, at);
}

/** Unix milliseconds of what an expression gave: a date's text or a number of milliseconds, of the same years. */
function dateOf(value: unknown): number | undefined {
  if (typeof value === 'string') return parseDate(value);
  return typeof value === 'number' && value < LAST_MS ? Math.ceil(value) : undefined;
}

const LAST_MS = Date.UTC(2299, 0, 1);

function awaitArms(walk: Acting, step: AwaitStep): Move {
  const known = recalled(walk.reacted, step.arms);
  if (known) return goOnWith(walk, step, known);
  const { timeoutMs } = step;
  const due = timeoutMs === undefined ? null : walk.later(timeoutMs);
  return { stay: { kind: 'watch', due }, ...(due === null ? {} : { detail: { due } }) };
}

/** What is awaited has happened before. It is taken once. */
function goOnWith(
  walk: Acting,
  step: AwaitStep,
  { arm, reaction }: NonNullable<ReturnType<typeof recalled>>,
): Move {
  walk.reacted = walk.reacted.filter((other) => other !== reaction);
  const { next = step.next, as } = step.arms[arm]!;
  if (as !== undefined) walk.remember(as, reaction.properties);
  const { event, messageId } = reaction;
  return { next, detail: { arm, event, messageId } };
}

function branch(token: Token, step: BranchStep, facts: Facts): Move {
  const holds = step.arms.map(({ where }, arm) =>
    isTest(where) ? facts.values[arm] === true : facts.holds[armPointer(token.step, arm)] === true,
  );
  const arm = holds.indexOf(true);
  if (arm < 0) return { next: step.next, detail: { holds } };
  return { next: step.arms[arm]!.next, detail: { arm, holds } };
}

function split(walk: Acting, token: Token, step: SplitStep): Move {
  const { journeyId, person } = walk.before;
  const part = samplePart(step.salt ?? `${journeyId}:${token.step}`, person);
  let upTo = 0;
  for (const { name, share, next } of step.arms) {
    upTo += share;
    if (part < upTo) return { next, detail: { arm: name } };
  }
  return { next: step.next };
}

function loop(token: Token, step: LoopStep, facts: Facts): Move {
  const turns = turnsOf(token.step, token.frames);
  const outside = turns > 0 ? token.frames.slice(0, -1) : token.frames;
  if (turns < step.times && holdsWhile(token, step, facts)) {
    const turn = turns + 1;
    return {
      next: step.body,
      frames: [...outside, { kind: 'loop', step: token.step, turn }],
      detail: { turn },
    };
  }
  return { next: step.next, frames: outside, detail: { turns } };
}

function holdsWhile(token: Token, step: LoopStep, facts: Facts): boolean {
  if (!step.while) return true;
  return isTest(step.while) ? facts.values['while'] === true : facts.holds[whilePointer(token.step)] === true;
}

function update(walk: Acting, { visit }: Token, step: UpdateStep, facts: Facts): Move {
  const traits = Object.fromEntries(
    Object.keys(step.traits).flatMap((name) => {
      const value = valueOf(facts, traitName(name));
      return value === undefined ? [] : [[name, value]];
    }),
  );
  if (Object.keys(traits).length > 0) walk.command({ kind: 'traits', visit, traits });
  for (const consent of step.consent) walk.command({ kind: 'consent', visit, ...consent });
  for (const list of step.lists) walk.command({ kind: 'list', visit, ...list });
  for (const name of Object.keys(step.context)) walk.remember(name, valueOf(facts, contextName(name)));
  return { next: step.next };
}

/** Jumps in a row that may take no time. Journeys that jump to one another would go round in a moment, for ever. */
export const MOST_HOPS = 10;

function jump(walk: Acting, { visit }: Token, { journeyId }: JumpStep, { values }: Facts): Move {
  const { entry, enteredAt } = walk.before;
  const before = entry.kind === 'jump' && enteredAt === walk.at ? (entry.hops ?? 0) : 0;
  if (before >= MOST_HOPS) return { end: 'jump-loop' };
  walk.command({ kind: 'jump', visit, journeyId, context: values, hops: before + 1 });
  return { end: 'jump' };
}
