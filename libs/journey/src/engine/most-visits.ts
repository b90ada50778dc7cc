import type { JourneyDefinition, Step } from '../definition/definition';
import { exitsOf } from './enclosing';
import { mostRemembered } from './reactions';

/** Visits in one advance, at most. No journey that was accepted needs as many: see `mostVisits`. */
export const STEP_BUDGET = 1_000;

/** Of what is walked from a step on, to the end of the branch, the body or the journey it is in. */
interface Reach {
  /** Visits at one moment, at most, by a token that comes to the step. */
  entered: number;
  /** Whether such a token may come to that end at the same moment. */
  through: boolean;
  /** Visits at one moment, at most, by tokens that waited at the step or further on. */
  woken: number;
}

const NOWHERE: Reach = { entered: 0, through: true, woken: 0 };

/**
 * How many steps an instance can visit at one moment, at most. A journey for which that is more than the engine's budget is
 * refused when it is read: its loops go round without waiting.
 *
 * Why no advance exceeds it. Visits happen where a token enters a step or where tokens that waited go on. A step that
 * surely waits (a duration, a time of day, an await, a call, a send whose verdict is wanted) is the last that a token
 * visits at a moment; after any other the token goes on by one of the step's ways, so it visits one step more than after
 * the longest of them. A loop is visited once more than its body is walked; a body that cannot be walked without waiting
 * is walked once to where it waits. All branches of a parallel step may be woken by one event and each goes on to where
 * it ends, so their visits add up, and what follows the join comes on top. An await is left at once where the reaction
 * came before; each that is kept in mind does so once, and wakes one token then.
 */
export function mostVisits({ start, steps }: Pick<JourneyDefinition, 'start' | 'steps'>): number {
  const known = new Map<string, Reach>();
  const reach = (id: string): Reach => {
    let found = known.get(id);
    if (!found) known.set(id, (found = reachOf(steps[id]!, reach)));
    return found;
  };
  const { entered, woken } = reach(start);
  return Math.max(entered, woken) * (1 + mostRemembered(steps));
}

type Ask = (id: string) => Reach;

function reachOf(step: Step, reach: Ask): Reach {
  if (step.kind === 'parallel') return reachOfParallel(step, reach);
  if (step.kind === 'loop') return reachOfLoop(step, reach);
  const after = exitsOf(step).map(reach);
  const entered = highest(after.map((way) => way.entered));
  const woken = highest(after.map((way) => way.woken));
  // Words of an end are the end: what follows, if anything, is not walked by this token.
  const ends = step.kind === 'end' || step.kind === 'jump';
  if (waits(step)) return { entered: 1, through: false, woken: Math.max(woken, entered) };
  return {
    entered: 1 + entered,
    through: !ends && (after.length < waysOf(step) || after.some(({ through }) => through)),
    woken,
  };
}

function reachOfParallel(step: Extract<Step, { kind: 'parallel' }>, reach: Ask): Reach {
  const branches = step.branches.map(reach);
  const after = step.next === undefined ? NOWHERE : reach(step.next);
  const joins =
    step.join === 'any' ? branches.some(({ through }) => through) : branches.every(({ through }) => through);
  return {
    entered: 1 + sum(branches.map(({ entered }) => entered)) + (joins ? after.entered : 0),
    through: joins && after.through,
    woken: Math.max(sum(branches.map(({ woken }) => woken)) + after.entered, after.woken),
  };
}

function reachOfLoop(step: Extract<Step, { kind: 'loop' }>, reach: Ask): Reach {
  const body = reach(step.body);
  const after = step.next === undefined ? NOWHERE : reach(step.next);
  // Turns that are begun at one moment, at most; the loop is visited once more when it is left.
  const turns = (left: number): number => (body.through ? left : Math.min(left, 1)) * (1 + body.entered) + 1;
  return {
    entered: turns(step.times) + after.entered,
    through: (body.through || step.while !== undefined) && after.through,
    woken: Math.max(body.woken + turns(step.times - 1) + after.entered, after.woken),
  };
}

/** Whether a token that comes to the step stays, whatever it is told. */
function waits(step: Step): boolean {
  if (step.kind === 'send') return step.failed !== undefined;
  if (step.kind === 'wait') return 'time' in step.until || ('for' in step.until && step.until.for > 0);
  return step.kind === 'await' || step.kind === 'call';
}

/** Of a step that does not wait, how many ways out it has if each is written. */
const waysOf = (step: Step): number => ('arms' in step ? step.arms.length + 1 : 1);

const highest = (numbers: readonly number[]): number => Math.max(0, ...numbers);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
