import type { Test } from '../definition/definition';
import { isLess, type Numeric, plus } from './numeric';
import type { Read, Slot } from './slot';
import { checkOf, isNumeric, type Scalar } from './scalar';

/** What totals remember of numbers at one path. */
export interface NumberTotal {
  sum: Numeric;
  count: number;
  min: Numeric;
  max: Numeric;
}

/** Events that no leaf needs one by one any more. Adding is order-free, so late ones are welcome. */
export interface Totals {
  count: number;
  first: number;
  last: number;
  numbers: (NumberTotal | undefined)[];
}

const NO_TOTALS: Readonly<Totals> = { count: 0, first: Infinity, last: -Infinity, numbers: [] };

/** More single events than this are not kept: the leaf then reads the person's events each time, exact but slower. */
export const MOST_MATCHES = 512;
/** Folding is worth it from this many on. */
const FOLD_FROM = 32;

export type Values = (Scalar | undefined)[];

/** A person's events in one slot, oldest first; lists of plain values instead of objects, as there are many. */
export class Matches {
  totals: Readonly<Totals> = NO_TOTALS;
  /** All older events are in the totals. */
  private foldedBefore = -Infinity;

  constructor(
    readonly slot: Slot,
    /** When each occurred, Unix milliseconds. */
    public times: number[] = [],
    /** The values at the slot's paths, those of the first event first. */
    private values: Values = [],
  ) {}

  /** Whether more events came than are kept. */
  get overflowed(): boolean {
    return this.times.length > MOST_MATCHES;
  }

  /** Take up an event of the slot, see `admits`. */
  add(at: number, read: Read, now: number): void {
    const { times, values, slot } = this;
    const row = rowFor(slot, read);
    if (at < this.foldedBefore) {
      this.fold(at, row);
      return;
    }
    let index = times.length;
    while (index > 0 && times[index - 1]! > at) index--;
    if (index === times.length) {
      times.push(at);
      for (const value of row) values.push(value);
    } else {
      times.splice(index, 0, at);
      values.splice(index * row.length, 0, ...row);
    }
    if (times.length >= FOLD_FROM) this.foldUntil(now + slot.keep);
  }

  /** What is at the slot's path of a number, of the event of an index. */
  valueAt(index: number, path: number): Scalar | undefined {
    return this.values[index * this.slot.paths.length + path];
  }

  /** Let go of every single match. */
  clear(): void {
    this.times = [];
    this.values = [];
  }

  /** The index of the first match at or after `time`. */
  indexFrom(time: number): number {
    const { times } = this;
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The same with only the matches whose moving tests pass now. */
  passing(now: number): Matches {
    const { moving, paths } = this.slot;
    if (moving.length === 0) return this;
    const tested = moving.map((test) => ({ test, path: paths.indexOf(test.path) }));
    const indexes = [...this.times.keys()].filter((index) =>
      tested.every(({ test, path }) => this.passes(test, this.valueAt(index, path), now)),
    );
    return new Matches(
      this.slot,
      indexes.map((index) => this.times[index]!),
      indexes.flatMap((index) => this.rowOf(index)),
    );
  }

  private passes(test: Test, value: Scalar | undefined, now: number): boolean {
    if (test.lookup) return this.slot.items.pass(test, value, now);
    return test.op !== 'includes' && checkOf(test)(value, now);
  }

  private rowOf(index: number): Values {
    const { length } = this.slot.paths;
    return this.values.slice(index * length, (index + 1) * length);
  }

  private foldUntil(time: number): void {
    if (time <= this.foldedBefore) return;
    // Events yet to come may be as old as now: totals take those that are older than all leaves look at.
    const until = this.indexFrom(time);
    if (until === 0) return;
    for (let index = 0; index < until; index++) this.fold(this.times[index]!, this.rowOf(index));
    this.times = this.times.slice(until);
    this.values = this.values.slice(until * this.slot.paths.length);
    this.foldedBefore = time;
  }

  private fold(at: number, row: Values): void {
    const { count, first, last, numbers } = this.totals;
    this.totals = {
      count: count + 1,
      first: Math.min(first, at),
      last: Math.max(last, at),
      numbers: row.map((value, path) => added(numbers[path], value)),
    };
  }
}

const NO_VALUES: Values = [];

/** What is at a slot's paths in an event that was read. */
export function rowFor({ places }: Slot, { scalars }: Read): Values {
  return places.length === 0 ? NO_VALUES : places.map((place) => scalars[place]);
}

/** The total with one value more; values that are no numbers leave it as it is. */
export function added(total: NumberTotal | undefined, value: Scalar | undefined): NumberTotal | undefined {
  if (!isNumeric(value)) return total;
  if (!total) return { sum: value, count: 1, min: value, max: value };
  return {
    sum: plus(total.sum, value),
    count: total.count + 1,
    min: isLess(value, total.min) ? value : total.min,
    max: isLess(total.max, value) ? value : total.max,
  };
}
