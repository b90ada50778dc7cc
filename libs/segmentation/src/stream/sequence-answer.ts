import type { SequenceLeaf, SequenceStep } from '../definition/definition';
import { type Answer, movingDue, spanOf } from './event-answer';
import type { Matches } from './matches';

/** `matches`: of the first events, then of each step. */
export function answerSequence(leaf: SequenceLeaf, matches: readonly Matches[], now: number): Answer {
  const [firsts, ...later] = matches as [Matches, ...Matches[]];
  const span = spanOf(firsts, leaf.window, now);
  let due = Math.min(span.due, ...later.map((step) => movingDue(step, now)));
  /** Moments at which a chain has come as far as the step before. */
  let reached = span.matches.list.slice(span.from, span.to).map(({ at }) => at);
  for (const [index, step] of leaf.steps.entries()) {
    const times = later[index]!.passing(now).list.map(({ at }) => at);
    if (step.presence === 'present') {
      reached = following(reached, times, step);
      continue;
    }
    const absent = withoutFollower(reached, times, step, now);
    due = Math.min(due, absent.due);
    return { holds: absent.holds, due };
  }
  return { holds: reached.length > 0, due };
}

/** Those of `times` that come after some reached moment within the gap; both ascending. */
function following(reached: readonly number[], times: readonly number[], { gap }: SequenceStep): number[] {
  const found: number[] = [];
  let before = -1;
  for (const time of times) {
    // The latest moment before is the closest: if its gap has passed, so has every other's.
    while (before + 1 < reached.length && reached[before + 1]! < time) before++;
    if (before >= 0 && time - reached[before]! < (gap ?? Infinity)) found.push(time);
  }
  return found;
}

/** Whether after some reached moment nothing came within the gap, which must be over: nobody enters too early. */
function withoutFollower(
  reached: readonly number[],
  times: readonly number[],
  { gap = Infinity }: SequenceStep,
  now: number,
): Answer {
  let due = Infinity;
  let next = 0;
  for (const moment of reached) {
    while (next < times.length && times[next]! <= moment) next++;
    const follower = times[next];
    if (follower !== undefined && follower - moment < gap) continue;
    const over = gap === Infinity ? -Infinity : moment + gap;
    if (over <= now) return { holds: true, due };
    due = Math.min(due, over);
  }
  return { holds: false, due };
}
