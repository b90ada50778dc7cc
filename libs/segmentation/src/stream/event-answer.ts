import type { EventLeaf, EveryLeaf, FirstEventLeaf, Order, Window } from '../definition/definition';
import { type Answer, answerOf } from './answer';
import { added, type Matches, type NumberTotal } from './matches';
import { MILLION, type Numeric, numbersCompare, numericOfText, ordered, plus, times } from './numeric';
import { dateOf, isNumeric, momentOf, nextTurn, type Scalar, slidingOf, turnOf } from './scalar';
import type { Slot } from './slot';

/** Answers a leaf from the matches of its slot. */
export type AskEvents = (all: Matches, now: number) => Answer;

/** The matches inside a window and the next moment one crosses its bounds. Fixed bounds were seen to by the slot. */
export interface Span {
  matches: Matches;
  from: number;
  to: number;
  /** Whether the totals belong to the window too. */
  totals: boolean;
  due: number;
}

/** What finds a window's matches at a moment. */
export function spanOf(window: Window): (all: Matches, now: number) => Span {
  const [from, to] = [slidingOf(window.from), slidingOf(window.to)];
  return (all, now) => {
    const matches = all.passing(now);
    const { times } = matches;
    const start = from === undefined ? matches.start : matches.indexFrom(now + from);
    const end = to === undefined ? matches.end : matches.indexFrom(now + to);
    let due = movingDue(all, now);
    // A match leaves a millisecond after it lies on the lower bound, and enters one after it lies on the upper.
    if (from !== undefined && start < matches.end) due = Math.min(due, times[start]! - from + 1);
    if (to !== undefined && end < matches.end) due = Math.min(due, times[end]! - to + 1);
    return { matches, from: start, to: Math.max(start, end), totals: from === undefined, due };
  };
}

/** When a moving test of some match may turn out differently. */
export function movingDue(all: Matches, now: number): number {
  let due = Infinity;
  for (const test of all.slot.moving) {
    const path = all.slot.paths.indexOf(test.path);
    for (let index = all.start; index < all.end; index++)
      due = Math.min(due, turnOf(test, dateOf(all.valueAt(index, path)), now));
  }
  return due;
}

export function askEvents(leaf: EventLeaf, slot: Slot): AskEvents {
  const { measure, op, value } = leaf;
  const find = spanOf(leaf.window);
  if (value.type === 'date') {
    const momentIn = measure.of === 'first' ? firstOf : lastOf;
    return (all, now) => {
      const span = find(all, now);
      const moment = momentIn(span);
      if (moment === undefined) return answerOf(false, span.due);
      const holds = ordered(op, moment, momentOf(value.time, now));
      return answerOf(holds, Math.min(span.due, nextTurn(moment, value, now)));
    };
  }
  const compares = comparison(leaf, op, numericOfText(value.value), slot);
  return (all, now) => {
    const span = find(all, now);
    return answerOf(compares(span), span.due);
  };
}

type Compares = (span: Span) => boolean;

function comparison({ measure }: EventLeaf, op: Order, limit: Numeric, slot: Slot): Compares {
  if (!('path' in measure)) return (span) => numbersCompare(op, countOf(span) * MILLION, limit);
  const path = slot.paths.indexOf(measure.path);
  const { of } = measure;
  switch (of) {
    case 'distinct':
      return (span) => numbersCompare(op, distinctOf(span, path) * MILLION, limit);
    case 'sum':
      return (span) => numbersCompare(op, sumOf(span, path), limit);
    default:
      return (span) => {
        const total = totalOf(span, path);
        if (!total) return false;
        // An average is compared without dividing, so nothing is rounded.
        if (of === 'avg') return numbersCompare(op, total.sum, times(limit, total.count));
        return numbersCompare(op, total[of], limit);
      };
  }
}

export const countOf = ({ matches, from, to, totals }: Span): number =>
  to - from + (totals ? matches.totals.count : 0);

export function firstOf({ matches, from, to, totals }: Span): number | undefined {
  if (totals && matches.totals.count > 0) return matches.totals.first;
  return to > from ? matches.times[from]! : undefined;
}

export function lastOf({ matches, from, to, totals }: Span): number | undefined {
  if (to > from) return matches.times[to - 1]!;
  return totals && matches.totals.count > 0 ? matches.totals.last : undefined;
}

export function sumOf({ matches, from, to, totals }: Span, path: number): Numeric {
  let sum = (totals && matches.totals.numbers[path]?.sum) || 0;
  for (let index = from; index < to; index++) {
    const value = matches.valueAt(index, path);
    if (isNumeric(value)) sum = plus(sum, value);
  }
  return sum;
}

export function totalOf({ matches, from, to, totals }: Span, path: number): NumberTotal | undefined {
  let total = totals ? matches.totals.numbers[path] : undefined;
  for (let index = from; index < to; index++) total = added(total, matches.valueAt(index, path));
  return total;
}

export function distinctOf({ matches, from, to }: Span, path: number): number {
  const values = new Set<Scalar>();
  for (let index = from; index < to; index++) {
    const value = matches.valueAt(index, path);
    if (value !== undefined) values.add(value);
  }
  return values.size;
}

export function askFirst({ window: { from, to } }: FirstEventLeaf): AskEvents {
  const edges = [slidingOf(from), slidingOf(to)].filter((edge) => edge !== undefined);
  return (all, now) => {
    const matches = all.passing(now);
    const due = movingDue(all, now);
    const first = Math.min(matches.totals.first, matches.timeAt(matches.start) ?? Infinity);
    if (first === Infinity) return answerOf(false, due);
    const holds = !(from && first < momentOf(from, now)) && !(to && first >= momentOf(to, now));
    const crossings = edges.map((edge) => first - edge + 1).filter((crossing) => crossing > now);
    return answerOf(holds, Math.min(due, ...crossings));
  };
}

/** Each period is a window of its own; the answer can change whenever an event passes from one to the next. */
export function askEvery(leaf: EveryLeaf, slot: Slot): AskEvents {
  const { op, periods, every, window, measure } = leaf;
  const limit = numericOfText(leaf.value.value);
  const sliding = 'fromNow' in window.to;
  const path = measure.of === 'sum' ? slot.paths.indexOf(measure.path) : undefined;
  return (all, now) => {
    const matches = all.passing(now);
    const end = momentOf(window.to, now);
    let due = movingDue(all, now);
    let holds = true;
    let to = matches.indexFrom(end);
    for (let back = 0; back <= periods; back++) {
      const bound = end - back * every;
      const next = matches.timeAt(matches.indexFrom(bound));
      if (sliding && next !== undefined) due = Math.min(due, next - bound + now + 1);
      if (back === periods) break;
      const from = matches.indexFrom(bound - every);
      const span = { matches, from, to, totals: false, due };
      const measured = path === undefined ? countOf(span) * MILLION : sumOf(span, path);
      holds &&= numbersCompare(op, measured, limit);
      to = from;
    }
    return answerOf(holds, due);
  };
}
