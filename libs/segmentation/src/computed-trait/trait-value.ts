import type { ComputedValue } from '@percorso/profile';
import {
  countOf,
  distinctOf,
  firstOf,
  lastOf,
  type Span,
  spanOf,
  sumOf,
  totalOf,
} from '../stream/event-answer';
import type { Matches } from '../stream/matches';
import { decimalOf, isLess, MILLION, unitsOf } from '../stream/numeric';
import { compareText, isNumeric, type Scalar } from '../stream/scalar';
import { isValueMeasure, type MeasuredTrait, type TraitMeasure, type ValueMeasure } from './trait-definition';

/** A text, a boolean, or a number in units of 10^-9. */
export type TraitValue = string | bigint | boolean;

/** A trait's value at a moment, and the earliest moment after it at which time alone may change it. */
export interface TimedValue {
  value: TraitValue | undefined;
  /** Unix milliseconds; Infinity when time changes nothing. May be too early, never too late. */
  due: number;
}

/** Of more than 29 integer digits, in units of 10^-9: what no stored number is. */
const TOO_LARGE = 10n ** 38n;

/** The value of a measured trait from its person's events. */
export function valueOf({ window, measure }: MeasuredTrait, all: Matches, now: number): TimedValue {
  const span = spanOf(window)(all, now);
  const found = measured(measure, span, 'path' in measure ? all.slot.paths.indexOf(measure.path) : -1);
  const value = typeof found === 'number' ? unitsOf(found) : found;
  const fits = typeof value !== 'bigint' || (value < TOO_LARGE && value > -TOO_LARGE);
  return { value: fits ? value : undefined, due: span.due };
}

function measured(measure: TraitMeasure, span: Span, path: number): Scalar | undefined {
  if (isValueMeasure(measure)) return chosen(measure.of, span, path);
  switch (measure.of) {
    case 'count':
      return countOf(span) * MILLION;
    case 'first':
      return dateText(firstOf(span));
    case 'last':
      return dateText(lastOf(span));
    case 'distinct':
      return distinctOf(span, path) * MILLION;
    case 'sum':
      return sumOf(span, path);
    case 'avg': {
      const total = totalOf(span, path);
      return total && rounded(unitsOf(total.sum), BigInt(total.count));
    }
    default:
      return totalOf(span, path)?.[measure.of];
  }
}

const dateText = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

/** Half away from zero, as everywhere. */
function rounded(sum: bigint, count: bigint): bigint {
  const half = sum < 0n ? -count : count;
  return (2n * sum + half) / (2n * count);
}

/** What speaks for a value: how often it came and when last; of one time alone, that time. */
interface Candidate {
  value: Scalar;
  count: number;
  at: number;
}

function chosen(of: ValueMeasure['of'], { matches, from, to }: Span, path: number): Scalar | undefined {
  const candidates = new Map<Scalar, Candidate>();
  for (let index = from; index < to; index++) {
    const [at, value] = [matches.times[index]!, matches.valueAt(index, path)];
    if (value === undefined) continue;
    const known = candidates.get(value);
    if (!known) candidates.set(value, { value, count: 1, at });
    else {
      known.count += 1;
      if (of !== 'firstValue') known.at = at;
    }
  }
  let best: Candidate | undefined;
  for (const candidate of candidates.values()) if (!best || isBetter(of, candidate, best)) best = candidate;
  return best?.value;
}

/** Ties go to the latest, then to the smallest value. */
function isBetter(of: ValueMeasure['of'], a: Candidate, b: Candidate): boolean {
  if (of === 'mostFrequent' && a.count !== b.count) return a.count > b.count;
  if (a.at !== b.at) return of === 'firstValue' ? a.at < b.at : a.at > b.at;
  return isSmaller(a.value, b.value);
}

/** Booleans come before numbers, numbers before texts; false before true, texts by code points. */
function isSmaller(a: Scalar, b: Scalar): boolean {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b) < 0;
  if (isNumeric(a) && isNumeric(b)) return isLess(a, b);
  return rankOf(a) < rankOf(b);
}

const rankOf = (value: Scalar): number => {
  if (typeof value === 'boolean') return Number(value);
  return isNumeric(value) ? 2 : 3;
};

/** A value as profiles keep it. */
export function storedOf(value: TraitValue | undefined): ComputedValue | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'bigint') return { number: decimalOf(value) };
  return typeof value === 'string' ? { text: value } : { boolean: value };
}
