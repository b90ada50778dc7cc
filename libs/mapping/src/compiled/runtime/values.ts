import { bail, spend } from './signals';

const { isArray } = Array;

/** Whether it counts as true. */
export function truth(value: unknown): boolean {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      return value !== '';
    case 'number':
      return isNumber(value) && value !== 0;
    case 'object':
      if (value === null) return false;
      if (!isArray(value)) return Object.keys(value).length > 0;
      if (value.length === 1) return truth(value[0]);
      spend(value.length);
      return value.filter(truth).length > 0;
    default:
      return false;
  }
}

/** JSONata tells an infinite number as an error wherever it asks whether something is a number. */
export function isNumber(value: unknown): value is number {
  if (typeof value !== 'number' || Number.isNaN(value)) return false;
  return Number.isFinite(value) || bail();
}

/** As `&` and $string see it; undefined stays. */
export function toText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'undefined':
      return undefined;
    case 'number':
      return numberText(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'function':
      return '';
    default:
      return value === null ? 'null' : JSON.stringify(value, shown);
  }
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : (toText(value) ?? ''));

function numberText(value: number): string {
  if (!Number.isFinite(value)) bail();
  return String(inDigits(value));
}

const inDigits = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(15)));

function shown(_key: string, value: unknown): unknown {
  if (typeof value === 'number') return isNumber(value) ? inDigits(value) : value;
  return typeof value === 'function' ? '' : value;
}

/** `=`: the same, all the way down. Nothing equals what is missing. */
export function equal(one: unknown, other: unknown): boolean {
  return one !== undefined && other !== undefined && same(one, other);
}

export function unequal(one: unknown, other: unknown): boolean {
  return one !== undefined && other !== undefined && !same(one, other);
}

function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (isArray(one) !== isArray(other)) return alike(one, other);
  if (isArray(one) && isArray(other)) {
    spend(one.length);
    return one.length === other.length && one.every((item, index) => same(item, other[index]));
  }
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  spend(names.length);
  return names.every(
    (name) =>
      Object.hasOwn(other, name) &&
      same((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]),
  );
}

/** A list and an object: stock code takes the length of a list for a field. */
function alike(one: object, other: object): boolean {
  return Object.hasOwn(isArray(one) ? other : one, 'length') ? bail() : false;
}

export function isIn(one: unknown, list: unknown): boolean {
  if (one === undefined || list === undefined) return false;
  if (!isArray(list)) return one === list;
  for (let index = 0; index < list.length; index++) if (list[index] === one) return true;
  return false;
}

/** Both as numbers; undefined where one is missing. */
function numbers(one: unknown, other: unknown): boolean {
  if (one !== undefined && !isNumber(one)) bail();
  if (other !== undefined && !isNumber(other)) bail();
  return one !== undefined && other !== undefined;
}

type Maybe<T> = T | undefined;

export const plus = (a: unknown, b: unknown): Maybe<number> =>
  numbers(a, b) ? (a as number) + (b as number) : undefined;
export const minus = (a: unknown, b: unknown): Maybe<number> =>
  numbers(a, b) ? (a as number) - (b as number) : undefined;
export const times = (a: unknown, b: unknown): Maybe<number> =>
  numbers(a, b) ? (a as number) * (b as number) : undefined;
export const over = (a: unknown, b: unknown): Maybe<number> =>
  numbers(a, b) ? (a as number) / (b as number) : undefined;
export const rest = (a: unknown, b: unknown): Maybe<number> =>
  numbers(a, b) ? (a as number) % (b as number) : undefined;

export function negated(value: unknown): Maybe<number> {
  if (value === undefined) return undefined;
  return isNumber(value) ? -value : bail();
}

type Comparable = string & number;

/** Whether two texts, or two numbers, are there to be compared. */
function comparable(one: unknown, other: unknown): boolean {
  for (const value of [one, other]) {
    if (value !== undefined && typeof value !== 'string' && typeof value !== 'number') bail();
  }
  if (one === undefined || other === undefined) return false;
  return typeof one === typeof other || bail();
}

export const less = (a: unknown, b: unknown): Maybe<boolean> =>
  comparable(a, b) ? (a as Comparable) < (b as Comparable) : undefined;
export const most = (a: unknown, b: unknown): Maybe<boolean> =>
  comparable(a, b) ? (a as Comparable) <= (b as Comparable) : undefined;
export const more = (a: unknown, b: unknown): Maybe<boolean> =>
  comparable(a, b) ? (a as Comparable) > (b as Comparable) : undefined;
export const least = (a: unknown, b: unknown): Maybe<boolean> =>
  comparable(a, b) ? (a as Comparable) >= (b as Comparable) : undefined;
