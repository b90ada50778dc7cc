import type { EventLeaf, EveryLeaf, FirstEventLeaf, Order, Window } from '../definition/definition';
import { addNumber, type Matches, type NumberTotal } from './matches';
import { slidingOf } from './plan';
import { constantUnits, dateOf, momentOf, nextTurn, ordered, type Scalar, turnOf } from './scalar';

/** A leaf's answer at a moment, and the earliest moment after it at which time alone may change it. */
export interface Answer {
  holds: boolean;
  /** Unix milliseconds; Infinity when time changes nothing. May be too early, never too late. */
  due: number;
}

const ONE = 10n ** 9n;

/** The matches inside a window and the next moment one crosses its bounds. Fixed bounds were seen to by the slot. */
export interface Span {
  matches: Matches;
  from: number;
  to: number;
  /** Whether the totals belong to the window too. */
  totals: boolean;
  due: number;
}

export function spanOf(all: Matches, window: Window, now: number): Span {
  const matches = all.passing(now);
  const [from, to] = [slidingOf(window.from), slidingOf(window.to)];
  const start = from === undefined ? 0 : matches.indexFrom(now + from);
  const end = to === undefined ? matches.list.length : matches.indexFrom(now + to);
  let due = movingDue(all, now);
  // A match leaves a millisecond after it lies on the lower bound, and enters one after it lies on the upper.
  if (from !== undefined && start < matches.list.length)
    due = Math.min(due, matches.list[start]!.at - from + 1);
  if (to !== undefined && end < matches.list.length) due = Math.min(due, matches.list[end]!.at - to + 1);
  return { matches, from: start, to: Math.max(start, end), totals: from === undefined, due };
}

/** When a moving test of some match may turn out differently. */
export function movingDue({ slot, list }: Matches, now: number): number {
  let due = Infinity;
  for (const test of slot.moving) {
    const place = slot.paths.indexOf(test.path);
    for (const { values } of list) due = Math.min(due, turnOf(test, dateOf(values[place]), now));
  }
  return due;
}

export function answerEvents(leaf: EventLeaf, all: Matches, now: number): Answer {
  const span = spanOf(all, leaf.window, now);
  const { measure, op, value } = leaf;
  if (value.type === 'date') {
    const moment = measure.of === 'first' ? firstOf(span) : lastOf(span);
    if (moment === undefined) return { holds: false, due: span.due };
    const holds = ordered(op, moment, momentOf(value.time, now));
    return { holds, due: Math.min(span.due, nextTurn(moment, value, now)) };
  }
  const limit = constantUnits(value);
  if (!('path' in measure)) return { holds: ordered(op, BigInt(countOf(span)) * ONE, limit), due: span.due };
  const place = all.slot.paths.indexOf(measure.path);
  if (measure.of === 'distinct')
    return { holds: ordered(op, distinctOf(span, place) * ONE, limit), due: span.due };
  return { holds: holdsFor(measure.of, totalOf(span, place), op, limit), due: span.due };
}

function holdsFor(
  of: 'sum' | 'min' | 'max' | 'avg',
  total: NumberTotal | undefined,
  op: Order,
  limit: bigint,
): boolean {
  if (of === 'sum') return ordered(op, total?.sum ?? 0n, limit);
  if (!total) return false;
  // An average is compared without dividing, so nothing is rounded.
  if (of === 'avg') return ordered(op, total.sum, limit * BigInt(total.count));
  return ordered(op, total[of], limit);
}

const countOf = ({ matches, from, to, totals }: Span): number =>
  to - from + (totals ? matches.totals.count : 0);

function firstOf({ matches, from, to, totals }: Span): number | undefined {
  if (totals && matches.totals.count > 0) return matches.totals.first;
  return to > from ? matches.list[from]!.at : undefined;
}

function lastOf({ matches, from, to, totals }: Span): number | undefined {
  if (to > from) return matches.list[to - 1]!.at;
  return totals && matches.totals.count > 0 ? matches.totals.last : undefined;
}

function totalOf({ matches, from, to, totals }: Span, place: number): NumberTotal | undefined {
  const older = totals ? matches.totals.numbers[place] : undefined;
  let total = older && { ...older };
  for (let index = from; index < to; index++) {
    const value = matches.list[index]!.values[place];
    if (typeof value !== 'bigint') continue;
    if (total) addNumber(total, value);
    else total = { sum: value, count: 1, min: value, max: value };
  }
  return total;
}

export function answerFirst(leaf: FirstEventLeaf, all: Matches, now: number): Answer {
  const matches = all.passing(now);
  const due = movingDue(all, now);
  const first = Math.min(matches.totals.first, matches.list[0]?.at ?? Infinity);
  if (first === Infinity) return { holds: false, due };
  const { from, to } = leaf.window;
  const holds = !(from && first < momentOf(from, now)) && !(to && first >= momentOf(to, now));
  const crossings = [slidingOf(from), slidingOf(to)].map((edge) =>
    edge !== undefined && first - edge + 1 > now ? first - edge + 1 : Infinity,
  );
  return { holds, due: Math.min(due, ...crossings) };
}

function distinctOf({ matches, from, to }: Span, place: number): bigint {
  const values = new Set<Scalar>();
  for (let index = from; index < to; index++) {
    const value = matches.list[index]!.values[place];
    if (value !== undefined) values.add(value);
  }
  return BigInt(values.size);
}

/** Each period is a window of its own; the answer can change whenever an event passes from one to the next. */
export function answerEvery(leaf: EveryLeaf, all: Matches, now: number): Answer {
  const matches = all.passing(now);
  const limit = constantUnits(leaf.value);
  const end = momentOf(leaf.window.to, now);
  const sliding = 'fromNow' in leaf.window.to;
  let due = movingDue(all, now);
  let holds = true;
  let to = matches.indexFrom(end);
  for (let back = 0; back <= leaf.periods; back++) {
    const bound = end - back * leaf.every;
    const next = matches.list[matches.indexFrom(bound)];
    if (sliding && next) due = Math.min(due, next.at - bound + now + 1);
    if (back === leaf.periods) break;
    const from = matches.indexFrom(bound - leaf.every);
    const span = { matches, from, to, totals: false, due };
    holds &&= ordered(leaf.op, countOrSum(leaf, span, all), limit);
    to = from;
  }
  return { holds, due };
}

function countOrSum({ measure }: EveryLeaf, span: Span, { slot }: Matches): bigint {
  if (measure.of === 'count') return BigInt(countOf(span)) * ONE;
  return totalOf(span, slot.paths.indexOf(measure.path))?.sum ?? 0n;
}
