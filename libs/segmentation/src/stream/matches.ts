import type { Test } from '../definition/definition';
import { isLess, type Numeric, plus } from './numeric';
import { checkOf, isNumeric, type Scalar } from './scalar';
import type { Slot } from './slot';

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

export const NO_TOTALS: Readonly<Totals> = { count: 0, first: Infinity, last: -Infinity, numbers: [] };

/** What is at a slot's paths in its events, one event after the other. */
export type Values = (Scalar | undefined)[];

/** A person's events in one slot, oldest first, where they lie in the person's lists; valid until those change. */
export class Matches {
  constructor(
    readonly slot: Slot,
    /** When each occurred, Unix milliseconds: those from `start` up to `end` are the slot's. */
    readonly times: readonly number[],
    readonly start: number,
    readonly end: number,
    private readonly values: Readonly<Values>,
    /** Where the values of the first one are. */
    private readonly valuesFrom: number,
    /** Older ones. */
    readonly totals = NO_TOTALS,
  ) {}

  static empty(slot: Slot, totals = NO_TOTALS): Matches {
    return new Matches(slot, [], 0, 0, [], 0, totals);
  }

  /** Events that are not in the totals. */
  get count(): number {
    return this.end - this.start;
  }

  /** When the event of an index occurred; undefined where the slot has none there. */
  timeAt(index: number): number | undefined {
    return index < this.end ? this.times[index] : undefined;
  }

  /** What is at the slot's path of a number, of the event of an index. */
  valueAt(index: number, path: number): Scalar | undefined {
    return this.values[this.valuesFrom + (index - this.start) * this.slot.paths.length + path];
  }

  /** The index of the first match at or after `time`. */
  indexFrom(time: number): number {
    const { times } = this;
    let [low, high] = [this.start, this.end];
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
    const times: number[] = [];
    const values: Values = [];
    for (let index = this.start; index < this.end; index++) {
      if (!tested.every(({ test, path }) => this.passes(test, this.valueAt(index, path), now))) continue;
      times.push(this.times[index]!);
      for (let path = 0; path < paths.length; path++) values.push(this.valueAt(index, path));
    }
    return new Matches(this.slot, times, 0, times.length, values, 0);
  }

  private passes(test: Test, value: Scalar | undefined, now: number): boolean {
    if (test.lookup) return this.slot.items.pass(test, value, now);
    return test.op !== 'includes' && checkOf(test)(value, now);
  }
}

/** The totals with one event more. */
export function folded({ count, first, last, numbers }: Totals, at: number, row: Readonly<Values>): Totals {
  return {
    count: count + 1,
    first: Math.min(first, at),
    last: Math.max(last, at),
    numbers: row.map((value, path) => added(numbers[path], value)),
  };
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
