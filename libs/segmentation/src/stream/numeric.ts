import { toDecimal } from '@percorso/kernel';
import type { Order } from '../definition/definition';

/**
 * An exact number: in millionths while a double holds those exactly, else in units of 10^-9. Values are in millionths
 * wherever that is possible, so equal values are identical; sums may be either.
 */
export type Numeric = number | bigint;

export const MILLION = 1e6;
/** Below this no two decimals are one double: fifteen digits survive it. */
const MOST_MILLIONTHS = 1e15;
const UNITS = 1000n;
const SCALE = 9;

/** Of a JSON number below 10^29, by the digits it is written with, rounded to nine places as data are. */
export const numericOf = (value: number): Numeric =>
  millionthsOf(value) ?? narrowed(unitsOfText(toDecimal(value) ?? '0'));

/** Of plain decimal text. */
export const numericOfText = (decimal: string): Numeric =>
  (decimal.length <= 15 ? millionthsOf(Number(decimal)) : undefined) ?? narrowed(unitsOfText(decimal));

function millionthsOf(value: number): number | undefined {
  const millionths = Math.round(value * MILLION);
  return millionths / MILLION === value && Math.abs(millionths) < MOST_MILLIONTHS ? millionths : undefined;
}

function narrowed(units: bigint): Numeric {
  if (units % UNITS !== 0n) return units;
  const millionths = Number(units / UNITS);
  return Math.abs(millionths) < MOST_MILLIONTHS ? millionths : units;
}

/** Units of 10^-9 of plain decimal text. */
function unitsOfText(decimal: string): bigint {
  const dot = decimal.indexOf('.');
  if (dot < 0) return BigInt(decimal + '0'.repeat(SCALE));
  const fraction = decimal.slice(dot + 1);
  return BigInt(decimal.slice(0, dot) + fraction + '0'.repeat(SCALE - fraction.length));
}

/** In units of 10^-9. */
export const unitsOf = (value: Numeric): bigint =>
  typeof value === 'number' ? BigInt(value) * UNITS : value;

/** Plain decimal text. */
export function decimalOf(value: Numeric): string {
  const units = unitsOf(value);
  const digits = String(units < 0n ? -units : units).padStart(SCALE + 1, '0');
  const fraction = digits.slice(-SCALE).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -SCALE)}${fraction && '.'}${fraction}`;
}

export function plus(a: Numeric, b: Numeric): Numeric {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return unitsOf(a) + unitsOf(b);
}

export function times(value: Numeric, count: number): Numeric {
  if (typeof value === 'number' && Number.isSafeInteger(value * count)) return value * count;
  return unitsOf(value) * BigInt(count);
}

/** The whole part of a division, in units of 10^-9. */
export const dividedBy = (value: Numeric, count: number): Numeric => unitsOf(value) / BigInt(count);

export const isLess = (a: Numeric, b: Numeric): boolean =>
  typeof a === typeof b ? a < b : unitsOf(a) < unitsOf(b);

/** Whether two numbers compare so. */
export function numbersCompare(op: Order, left: Numeric, right: Numeric): boolean {
  if (typeof left === 'number' && typeof right === 'number') return ordered(op, left, right);
  return ordered(op, unitsOf(left), unitsOf(right));
}

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
