import type { Test } from '../definition/definition';
import { isLess, type Numeric, plus } from './numeric';
import type { Slot } from './slot';
import type { Read } from './property-reader';
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

/** A person's events in one slot, oldest first; columns instead of objects, as there are many. */
export class Matches {
  /** When each occurred, Unix milliseconds. */
  readonly times: number[] = [];
  /** For each path of the slot the values of all events. */
  readonly columns: (Scalar | undefined)[][];
  totals: Readonly<Totals> = NO_TOTALS;
  /** All older events are in the totals. */
  private foldedBefore = -Infinity;

  constructor(readonly slot: Slot) {
    this.columns = slot.paths.map(() => []);
  }

  /** Whether more events came than are kept. */
  get overflowed(): boolean {
    return this.times.length > MOST_MATCHES;
  }

  /** Take up an event of the slot, see `Slot.admits`. */
  add(at: number, { scalars }: Read, now: number): void {
    const { times, columns, slot } = this;
    if (at < this.foldedBefore) {
      this.fold(at, (column) => scalars[slot.places[column]!]);
      return;
    }
    let index = times.length;
    while (index > 0 && times[index - 1]! > at) index--;
    insert(times, index, at);
    for (let column = 0; column < columns.length; column++)
      insert(columns[column]!, index, scalars[slot.places[column]!]);
    if (times.length >= FOLD_FROM) this.foldUntil(now + slot.keep);
  }

  /** Let go of every single match. */
  clear(): void {
    this.times.length = 0;
    for (const column of this.columns) column.length = 0;
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
    const tested = moving.map((test) => ({ test, column: this.columns[paths.indexOf(test.path)]! }));
    const passing = new Matches(this.slot);
    for (const [index, at] of this.times.entries()) {
      if (!tested.every(({ test, column }) => this.passes(test, column[index], now))) continue;
      passing.times.push(at);
      this.columns.forEach((column, place) => passing.columns[place]!.push(column[index]));
    }
    return passing;
  }

  private passes(test: Test, value: Scalar | undefined, now: number): boolean {
    if (test.lookup) return this.slot.items.pass(test, value, now);
    return test.op !== 'includes' && checkOf(test)(value, now);
  }

  private foldUntil(time: number): void {
    if (time <= this.foldedBefore) return;
    // Events yet to come may be as old as now: totals take those that are older than all leaves look at.
    const until = this.indexFrom(time);
    if (until === 0) return;
    for (let index = 0; index < until; index++)
      this.fold(this.times[index]!, (column) => this.columns[column]![index]);
    this.times.splice(0, until);
    for (const column of this.columns) column.splice(0, until);
    this.foldedBefore = time;
  }

  private fold(at: number, valueOf: (column: number) => Scalar | undefined): void {
    const { count, first, last, numbers } = this.totals;
    this.totals = {
      count: count + 1,
      first: Math.min(first, at),
      last: Math.max(last, at),
      numbers: this.columns.map((_, column) => added(numbers[column], valueOf(column))),
    };
  }
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

function insert<T>(list: T[], index: number, item: T): void {
  if (index === list.length) list.push(item);
  else list.splice(index, 0, item);
}
