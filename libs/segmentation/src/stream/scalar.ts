import { ELEMENT, type FlatValues } from '@percorso/profile';
import { parseDate } from '../definition/date-text';
import type { DateValue, Order, PlainValue, Test, TimePoint, Value } from '../definition/definition';
import { type Numeric, numbersCompare, numericOfText, ordered } from './numeric';

/** A value as conditions see it. */
export type Scalar = string | Numeric | boolean;

export const isNumeric = (value: Scalar | undefined): value is Numeric =>
  typeof value === 'number' || typeof value === 'bigint';

/** The value at a path; undefined when it is missing. */
export function scalarAt(values: FlatValues, path: string): Scalar | undefined {
  if (Object.hasOwn(values.strings, path)) return values.strings[path];
  const number = Object.hasOwn(values.numbers, path) ? values.numbers[path] : undefined;
  if (number !== undefined) return numericOfText(number);
  return Object.hasOwn(values.booleans, path) ? values.booleans[path] : undefined;
}

export const momentOf = (time: TimePoint, now: number): number =>
  'at' in time ? time.at : now + time.fromNow;

/** A bound relative to now, in milliseconds. */
export const slidingOf = (point: TimePoint | undefined): number | undefined =>
  point && 'fromNow' in point ? point.fromNow : undefined;

/** -1, 0 or 1, by code points: UTF-16 order differs where one text has surrogates. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (x === y) continue;
    const surrogates = Number(isSurrogate(x)) - Number(isSurrogate(y));
    if (surrogates !== 0) return surrogates;
    return x < y ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

/** Whether what is at a test's path passes it. What ClickHouse sees is what we see: the loader flattens alike. */
export function passes(test: Test, values: FlatValues, now: number, path = test.path): boolean {
  if (test.op !== 'includes') return checkOf(test)(scalarAt(values, path), now);
  return includes(test, Object.hasOwn(values.lists, path) ? values.lists[path]! : []);
}

type IncludesTest = Extract<Test, { op: 'includes' }>;

/** Whether a list's elements, as `flatten` has them, pass. */
export const includes = ({ value }: IncludesTest, elements: readonly string[]): boolean =>
  elements.includes(ELEMENT[value.type] + String(value.value));

export type ScalarTest = Exclude<Test, IncludesTest>;
/** A test of one value; undefined is a missing one. */
export type Check = (found: Scalar | undefined, now: number) => boolean;

const checks = new WeakMap<ScalarTest, Check>();

/** A test made ready to be asked often. */
export function checkOf(test: ScalarTest): Check {
  let check = checks.get(test);
  if (!check) checks.set(test, (check = newCheck(test)));
  return check;
}

function newCheck(test: ScalarTest): Check {
  switch (test.op) {
    case 'exists':
      return (found) => test.exists === (found !== undefined);
    case 'contains':
      return (found) => typeof found === 'string' && found.includes(test.text);
    case 'startsWith':
      return (found) => typeof found === 'string' && found.startsWith(test.text);
    case 'in': {
      const values = new Set<Scalar | undefined>(test.values.map(constantOf));
      return (found) => values.has(found);
    }
    case 'ne': {
      const equals = comparison('eq', test.value);
      return (found, now) => found !== undefined && !equals(found, now);
    }
    default:
      return comparison(test.op, test.value);
  }
}

function comparison(op: Order, value: Value): Check {
  if (value.type === 'date') {
    return (found, now) => {
      const date = dateOf(found);
      return date !== undefined && ordered(op, date, momentOf(value.time, now));
    };
  }
  const constant = constantOf(value);
  // Equal values are identical, and of one type.
  if (op === 'eq') return (found) => found === constant;
  if (typeof constant === 'string')
    return (found) => typeof found === 'string' && ordered(op, compareText(found, constant), 0);
  if (typeof constant === 'boolean') return () => false;
  return (found) => isNumeric(found) && numbersCompare(op, found, constant);
}

export const constantOf = (value: PlainValue): Scalar =>
  value.type === 'number' ? numericOfText(value.value) : value.value;

/** Unix milliseconds of a value that is a date's text. */
export const dateOf = (found: Scalar | undefined): number | undefined =>
  typeof found === 'string' ? parseDate(found) : undefined;

/** The moments after `now` at which comparing `moment` with a date value may turn out differently. */
export function nextTurn(moment: number, value: DateValue, now: number): number {
  if ('at' in value.time) return Infinity;
  const meets = moment - value.time.fromNow;
  if (meets > now) return meets;
  return meets + 1 > now ? meets + 1 : Infinity;
}

/** When a test against a moving date may turn out differently for a value that is a date. */
export function turnOf(test: Test, date: number | undefined, now: number): number {
  if (date === undefined || !('value' in test) || test.value.type !== 'date') return Infinity;
  return nextTurn(date, test.value, now);
}
