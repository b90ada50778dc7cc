import type { SequenceLeaf, SequenceStep } from '../definition/definition';
import { type Answer, answerOf } from './answer';
import { movingDue, spanOf } from './event-answer';
import type { Matches } from './matches';

/** Moments of a sorted list, those from index `from` up to `to`. */
interface Moments {
  times: readonly number[];
  from: number;
  to: number;
}

/** Answers a sequence from the matches of its first event and those of a step, by the step's index. */
export type AskSequence = (firsts: Matches, matchesOf: (step: number) => Matches, now: number) => Answer;

export function askSequence({ window, steps }: SequenceLeaf): AskSequence {
  const find = spanOf(window);
  return (firsts, matchesOf, now) => {
    const { matches, from, to, due: crossing } = find(firsts, now);
    let due = crossing;
    /** Moments at which a chain has come as far as the step before. */
    let reached: Moments = { times: matches.times, from, to };
    for (const [index, step] of steps.entries()) {
      const all = matchesOf(index);
      due = Math.min(due, movingDue(all, now));
      const { times, start, end } = all.passing(now);
      const followers = { times, from: start, to: end };
      if (step.presence === 'absent') return absent(reached, followers, step, now, due);
      const found = following(reached, followers, step);
      reached = { times: found, from: 0, to: found.length };
    }
    return answerOf(reached.to > reached.from, due);
  };
}

/** Those that come after some reached moment within the gap; both ascending. */
function following(
  reached: Moments,
  { times, from, to }: Moments,
  { gap = Infinity }: SequenceStep,
): number[] {
  const found: number[] = [];
  let before = reached.from - 1;
  for (let index = from; index < to; index++) {
    const time = times[index]!;
    // The latest moment before is the closest: if its gap has passed, so has every other's.
    while (before + 1 < reached.to && reached.times[before + 1]! < time) before++;
    if (before >= reached.from && time - reached.times[before]! < gap) found.push(time);
  }
  return found;
}

/** Whether after some reached moment nothing came within the gap, which must be over: nobody enters too early. */
function absent(
  reached: Moments,
  { times, from, to }: Moments,
  { gap = Infinity }: SequenceStep,
  now: number,
  crossing: number,
): Answer {
  let due = crossing;
  let next = from;
  for (let index = reached.from; index < reached.to; index++) {
    const moment = reached.times[index]!;
    while (next < to && times[next]! <= moment) next++;
    if (next < to && times[next]! - moment < gap) continue;
    const over = gap === Infinity ? -Infinity : moment + gap;
    if (over <= now) return answerOf(true, due);
    due = Math.min(due, over);
  }
  return answerOf(false, due);
}
