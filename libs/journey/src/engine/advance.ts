import type { AwaitStep, JourneyDefinition, Step } from '../definition/definition';
import { asksOf, factsOf } from './asks';
import type { EntryFacts, Instance, Token } from './instance';
import { shortened } from './moments';
import type { Advanced, Answer, Happening, Stimulus, VisitOutcome } from './protocol';
import { reactionIn } from './reactions';
import { nextOf } from './steps';
import { Walk } from './walk';
import { isLate, meets } from './watching';

/** Who enters, and how. */
export interface Entering {
  id: string;
  journeyId: string;
  version: number;
  person: number;
  profileId: string;
  key: string | null;
  holdout: boolean;
  /** @default 1 */
  speed?: number;
  entry: EntryFacts;
  /** What the API or a jump gave. */
  context?: Record<string, unknown>;
}

/** A new instance, walked from the start. One that is held out waits for the goal; without a goal it ends at once. */
export function enter(journey: JourneyDefinition, entering: Entering, at: number): Advanced {
  const walk = new Walk(journey, newInstance(journey, entering, at), at);
  walk.tell('entered', '', 0, { detail: { by: entering.entry.kind } });
  if (!entering.holdout) walk.start();
  else if (!journey.goal) walk.end('completed');
  walk.run();
  return walk.advanced();
}

/** Written out: an audience that is read makes thousands a second, and a copy of what is given costs several times as much. */
function newInstance({ goal }: JourneyDefinition, given: Entering, at: number): Instance {
  const { speed = 1, context = {} } = given;
  return {
    id: given.id,
    journeyId: given.journeyId,
    version: given.version,
    person: given.person,
    profileId: given.profileId,
    key: given.key,
    state: 'active',
    endReason: null,
    enteredAt: at,
    endedAt: null,
    goalUntil: goal ? at + shortened(goal.withinMs, speed) : null,
    goalAt: null,
    holdout: given.holdout,
    speed,
    entry: given.entry,
    context,
    tokens: [],
    visits: 0,
    sent: {},
    reacted: [],
  };
}

/**
 * What a stimulus does to an instance at a moment (Unix milliseconds). A pure function: the same for the same arguments,
 * which it leaves alone. What comes too late, too early or to nobody does nothing: an outcome or answer of a visit that
 * does not wait for it, a wait that is not due, anything but the goal for an instance that has ended.
 */
export function advance(
  journey: JourneyDefinition,
  instance: Instance,
  stimulus: Stimulus,
  at: number,
): Advanced {
  const walk = new Walk(journey, instance, at);
  if (instance.state === 'active') {
    take(walk, stimulus);
    walk.run();
  } else if (
    stimulus.kind === 'membership' ||
    (stimulus.kind === 'event' && !isLate(journey, stimulus.event))
  ) {
    takeGoal(walk, stimulus);
  }
  return walk.advanced();
}

function take(walk: Walk, stimulus: Stimulus): void {
  switch (stimulus.kind) {
    case 'due':
      return takeDue(walk);
    case 'event':
      return isLate(walk.journey, stimulus.event) ? undefined : takeHappening(walk, stimulus);
    case 'membership':
      return takeHappening(walk, stimulus);
    case 'outcome':
      return takeOutcome(walk, stimulus.visit, stimulus.outcome);
    case 'answers':
      return takeAnswers(walk, stimulus.answers);
    case 'end':
      return walk.end(stimulus.reason);
  }
}

/** Tokens go on in the order they were due, then of their visits. Who is held out has been followed long enough. */
function takeDue(walk: Walk): void {
  if (followedUntil(walk.before) <= walk.at) return walk.end('completed');
  const due = walk.waiting
    .flatMap((token) => {
      const at = dueOf(token);
      return at !== null && at <= walk.at ? [{ token, at }] : [];
    })
    .sort((a, b) => a.at - b.at || a.token.visit - b.token.visit);
  for (const { token } of due) {
    const step = walk.journey.steps[token.step]!;
    if (token.wait.kind === 'time') walk.leave(token, nextOf(step));
    else walk.leave(token, afterTimeout(step), { timedOut: true });
  }
}

/** When a token's time comes, in Unix milliseconds; null: never. */
export const dueOf = ({ wait }: Token): number | null => ('due' in wait ? wait.due : null);

/** When the time of one that is held out comes, in Unix milliseconds; Infinity for others. */
export const followedUntil = ({ state, holdout, goalUntil }: Instance): number =>
  state === 'active' && holdout ? (goalUntil ?? Infinity) : Infinity;

/** When something of an instance is due next, in Unix milliseconds; Infinity: never. */
export const nextDueOf = (instance: Instance): number =>
  instance.tokens.reduce(
    (first, token) => Math.min(first, dueOf(token) ?? Infinity),
    followedUntil(instance),
  );

const afterTimeout = (step: Step): string | undefined => {
  const otherwise = step.kind === 'call' ? step.failed : undefined;
  return ('timedOut' in step ? step.timedOut : undefined) ?? otherwise ?? nextOf(step);
};

/** The goal first, then exits, then whoever waits for it, in the order of their visits. */
function takeHappening(walk: Walk, happening: Happening): void {
  const { journey, before, at } = walk;
  const { goal, exits } = journey;
  // Nothing more is asked of one that is held out.
  if (takeGoal(walk, happening) && (goal?.ends || before.holdout))
    return walk.end('goal', detailOf(happening));
  if (exits.some((exit) => meets(exit, happening, journey, before, at)))
    return walk.end('exit', detailOf(happening));
  const watching = walk.waiting.filter(({ wait }) => wait.kind === 'watch');
  const awaited = watching.flatMap((token) => armOf(walk, token, happening) ?? []);
  if (!happening.held) {
    for (const one of awaited.sort((a, b) => a.token.visit - b.token.visit)) takeArm(walk, one, happening);
  }
  if (awaited.length > 0 || happening.kind !== 'event') return;
  const reaction = reactionIn(journey, before, happening.event);
  if (reaction) walk.keepInMind(reaction);
}

/** Whether this is the goal, for the first time; it counts within the window, whether or not the instance has ended. */
function takeGoal(walk: Walk, happening: Happening): boolean {
  const { journey, before, at } = walk;
  const { goal } = journey;
  if (!goal || before.goalAt !== null || !meets(goal.watch, happening, journey, before, at)) return false;
  if (before.goalUntil !== null && at < before.goalUntil) walk.reachGoal(detailOf(happening));
  return true;
}

interface Awaited {
  token: Token;
  step: AwaitStep;
  arm: number;
}

/** Which arm awaits what happens; undefined: none does. */
function armOf({ journey, before, at }: Walk, token: Token, happening: Happening): Awaited | undefined {
  const step = journey.steps[token.step] as AwaitStep;
  const arm = step.arms.findIndex(({ for: watch }) => meets(watch, happening, journey, before, at));
  return arm < 0 ? undefined : { token, step, arm };
}

function takeArm(walk: Walk, { token, step, arm }: Awaited, happening: Happening): void {
  const { next = step.next, as } = step.arms[arm]!;
  if (as !== undefined && happening.kind === 'event') walk.remember(as, happening.event.properties);
  walk.leave(token, next, { arm, ...detailOf(happening) });
}

function detailOf(happening: Happening): Record<string, unknown> {
  if (happening.kind === 'event') {
    const { name, messageId } = happening.event;
    return { event: name, messageId };
  }
  const { audienceId, op } = happening;
  return { audience: audienceId, on: op };
}

function takeOutcome(walk: Walk, visit: number, outcome: VisitOutcome): void {
  const token = walk.waiting.find((one) => one.visit === visit && one.wait.kind === 'outcome');
  if (!token) return;
  const step = walk.journey.steps[token.step]!;
  const { status } = outcome;
  const fail = (code: string): void => {
    const failed = 'failed' in step ? step.failed : undefined;
    walk.leave(token, failed ?? nextOf(step), { status, code });
  };
  if (outcome.status !== 'accepted') return fail(outcome.code);
  const wanted = step.kind === 'call' && Object.keys(step.into).length > 0;
  if (!wanted) return walk.leave(token, nextOf(step), { status });
  if (outcome.problem !== undefined) return fail(outcome.problem);
  walk.wait(token, { kind: 'facts', response: outcome.response ?? null });
}

function takeAnswers(walk: Walk, answers: readonly Answer[]): void {
  const token = walk.waiting.find(({ wait }) => wait.kind === 'facts');
  const facts = token && factsOf(asksOf(walk.journey, token), token.visit, answers);
  if (token && facts) walk.inform(token, facts);
}
