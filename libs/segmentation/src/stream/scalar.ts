import { ELEMENT, type FlatValues } from '@percorso/profile';
import { parseDate } from '../definition/date-text';
import type { DateValue, Order, PlainValue, Test, TimePoint, Value } from '../definition/definition';

/** A value as conditions see it: numbers in units of 10^-9. */
export type Scalar = string | bigint | boolean;

const SCALE = 9;

/** Units of 10^-9 of plain decimal text. */
export function unitsOf(decimal: string): bigint {
  const dot = decimal.indexOf('.');
  if (dot < 0) return BigInt(decimal + '0'.repeat(SCALE));
  const fraction = decimal.slice(dot + 1);
  return BigInt(decimal.slice(0, dot) + fraction + '0'.repeat(SCALE - fraction.length));
}

/** Plain decimal text of units of 10^-9. */
export function decimalOf(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(SCALE + 1, '0');
  const fraction = digits.slice(-SCALE).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -SCALE)}${fraction && '.'}${fraction}`;
}

/** The value at a path; undefined when it is missing. */
export function scalarAt(values: FlatValues, path: string): Scalar | undefined {
  if (Object.hasOwn(values.strings, path)) return values.strings[path];
  const number = Object.hasOwn(values.numbers, path) ? values.numbers[path] : undefined;
  if (number !== undefined) return unitsOf(number);
  return Object.hasOwn(values.booleans, path) ? values.booleans[path] : undefined;
}

export const momentOf = (time: TimePoint, now: number): number =>
  'at' in time ? time.at : now + time.fromNow;

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

export function ordered<T extends bigint | number>(op: Order, left: T, right: T): boolean {
  switch (op) {
    case 'eq':
      return left === right;
    case 'ne':
      return left !== right;
    case 'gt':
      return left > right;
    case 'gte':
      return left >= right;
    case 'lt':
      return left < right;
    case 'lte':
      return left <= right;
  }
}

/** Whether what is at a test's path passes it. What ClickHouse sees is what we see: the loader flattens alike. */
export function passes(test: Test, values: FlatValues, now: number, path = test.path): boolean {
  if (test.op !== 'includes') return passesScalar(test, scalarAt(values, path), now);
  const list = Object.hasOwn(values.lists, path) ? values.lists[path]! : [];
  return list.includes(ELEMENT[test.value.type] + String(test.value.value));
}

type ScalarTest = Exclude<Test, { op: 'includes' }>;

/** The same for one value; undefined is a missing one. */
export function passesScalar(test: ScalarTest, found: Scalar | undefined, now: number): boolean {
  if (test.op === 'exists') return test.exists === (found !== undefined);
  if (found === undefined) return false;
  switch (test.op) {
    case 'contains':
      return typeof found === 'string' && found.includes(test.text);
    case 'startsWith':
      return typeof found === 'string' && found.startsWith(test.text);
    case 'in':
      return test.values.some((value) => compares('eq', found, value, now));
    case 'ne':
      return !compares('eq', found, test.value, now);
    default:
      return compares(test.op, found, test.value, now);
  }
}

function compares(op: Order, found: Scalar, value: Value, now: number): boolean {
  if (value.type === 'date') {
    const date = dateOf(found);
    return date !== undefined && ordered(op, date, momentOf(value.time, now));
  }
  if (value.type === 'text')
    return typeof found === 'string' && ordered(op, compareText(found, value.value), 0);
  if (value.type === 'number') return typeof found === 'bigint' && ordered(op, found, constantUnits(value));
  return typeof found === 'boolean' && ordered(op, Number(found), Number(value.value));
}

/** Unix milliseconds of a value that is a date's text. */
export const dateOf = (found: Scalar | undefined): number | undefined =>
  typeof found === 'string' ? parseDate(found) : undefined;

const constants = new WeakMap<PlainValue, bigint>();

/** A definition's number, converted once. */
export function constantUnits(value: PlainValue & { type: 'number' }): bigint {
  let units = constants.get(value);
  if (units === undefined) constants.set(value, (units = unitsOf(value.value)));
  return units;
}

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
