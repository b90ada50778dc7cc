import type {
  ConsentLeaf,
  EventLeaf,
  FirstEventLeaf,
  SequenceLeaf,
  Test,
  Window,
} from '../definition/definition';
import { addNumber, type Matches, type NumberTotal } from './matches';
import type { PlannedLeaf } from './plan';
import {
  constantUnits,
  dateOf,
  type FlatValues,
  momentOf,
  nextTurn,
  ordered,
  passes,
  scalarAt,
} from './scalar';

/** What conditions on the profile itself look at. */
export interface ProfileValues {
  traits: FlatValues;
  /** channel -> topic -> state; topic `*` is the whole channel. */
  consent: Record<string, Record<string, string>>;
}

/** One person, as far as leaves look. */
export interface PersonValues {
  profile: ProfileValues;
  /** The person's events in a slot. */
  matches(slot: number): Matches;
}

/** A leaf's answer at a moment, and the earliest moment after it at which time alone may change it. */
export interface Answer {
  holds: boolean;
  /** Unix milliseconds; Infinity when time changes nothing. May be too early, never too late. */
  due: number;
}

const ONE = 10n ** 9n;

export function answerLeaf(planned: PlannedLeaf, person: PersonValues, now: number): Answer {
  const { leaf, slots } = planned;
  switch (leaf.kind) {
    case 'trait':
      return answerTrait(leaf.test, person.profile.traits, now);
    case 'consent':
      return { holds: consentOf(leaf, person.profile) === leaf.is, due: Infinity };
    case 'event':
      return answerEvents(leaf, person.matches(slots[0]!.index), now);
    case 'firstEvent':
      return answerFirst(leaf, person.matches(slots[0]!.index), now);
    case 'sequence':
      return answerSequence(leaf, person.matches(slots[0]!.index), person.matches(slots[1]!.index), now);
  }
}

function answerTrait(test: Test, traits: FlatValues, now: number): Answer {
  const found = scalarAt(traits, test.path);
  return { holds: passes(test, found, now), due: turnOfTest(test, dateOf(found), now) };
}

/** When a test against a moving date may turn out differently for a value that is a date. */
function turnOfTest(test: Test, date: number | undefined, now: number): number {
  if (date === undefined || !('value' in test) || test.value.type !== 'date') return Infinity;
  return nextTurn(date, test.value, now);
}

function consentOf(leaf: ConsentLeaf, { consent }: ProfileValues): string {
  const topics = consent[leaf.channel];
  const channel = topics?.['*'];
  const topic = leaf.topic === undefined ? undefined : topics?.[leaf.topic];
  if (channel === 'denied' || topic === 'denied') return 'denied';
  return channel === 'granted' || topic === 'granted' ? 'granted' : 'unknown';
}

/** The matches inside a window and the next moment one crosses its bounds. Fixed bounds were seen to by the slot. */
interface Span {
  matches: Matches;
  from: number;
  to: number;
  /** Whether the totals belong to the window too. */
  totals: boolean;
  due: number;
}

const slidingOf = (point: Window['from']): number | undefined =>
  point && 'fromNow' in point ? point.fromNow : undefined;

function spanOf(all: Matches, window: Window, now: number): Span {
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
function movingDue({ slot, list }: Matches, now: number): number {
  let due = Infinity;
  for (const test of slot.moving) {
    const place = slot.paths.indexOf(test.path);
    for (const { values } of list) due = Math.min(due, turnOfTest(test, dateOf(values[place]), now));
  }
  return due;
}

function answerEvents(leaf: EventLeaf, all: Matches, now: number): Answer {
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
  const total = totalOf(span, all.slot.paths.indexOf(measure.path));
  return { holds: holdsFor(measure.of, total, op, limit), due: span.due };
}

function holdsFor(
  of: 'sum' | 'min' | 'max' | 'avg',
  total: NumberTotal | undefined,
  op: EventLeaf['op'],
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

function answerFirst(leaf: FirstEventLeaf, all: Matches, now: number): Answer {
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

function answerSequence(leaf: SequenceLeaf, starts: Matches, allThens: Matches, now: number): Answer {
  const span = spanOf(starts, leaf.window, now);
  const thens = allThens.passing(now);
  const gap = leaf.gap ?? Infinity;
  let holds = false;
  let due = Math.min(span.due, movingDue(allThens, now));
  for (let index = span.from; index < span.to; index++) {
    const first = span.matches.list[index]!.at;
    const next = thens.list[thens.indexFrom(first + 1)]?.at ?? Infinity;
    const came = next - first < gap && next !== Infinity;
    if (leaf.presence === 'present') holds ||= came;
    else if (!came) {
      const over = gap === Infinity ? -Infinity : first + gap;
      if (over <= now) holds = true;
      else due = Math.min(due, over);
    }
  }
  return { holds, due };
}
