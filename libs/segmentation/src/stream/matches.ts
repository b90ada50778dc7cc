import type { Test } from '../definition/definition';
import type { Slot } from './plan';
import type { FlatValues } from '@percorso/profile';
import { passes, passesScalar, type Scalar, scalarAt } from './scalar';

/** One event of a slot: when it occurred and the values of the slot's paths. */
export interface Match {
  at: number;
  values: (Scalar | undefined)[];
}

/** What totals remember of numbers at one path. */
export interface NumberTotal {
  sum: bigint;
  count: number;
  min: bigint;
  max: bigint;
}

/** Events that no leaf needs one by one any more. Adding is order-free, so late ones are welcome. */
export interface Totals {
  count: number;
  first: number;
  last: number;
  numbers: (NumberTotal | undefined)[];
}

/** More single events than this are not kept: the leaf then reads the person's events each time, exact but slower. */
export const MOST_MATCHES = 512;
/** Folding is worth it from this many on. */
const FOLD_FROM = 32;

/** A person's events in one slot, oldest first. */
export class Matches {
  readonly list: Match[] = [];
  readonly totals: Totals = { count: 0, first: Infinity, last: -Infinity, numbers: [] };
  /** All older events are in the totals. */
  private foldedBefore = -Infinity;

  constructor(readonly slot: Slot) {}

  /** Whether more events came than are kept. */
  get overflowed(): boolean {
    return this.list.length > MOST_MATCHES;
  }

  /** Take an event up if it belongs to the slot; whether it does. */
  offer(at: number, values: FlatValues, now: number): boolean {
    const { slot } = this;
    if (at < slot.from || at >= slot.to) return false;
    for (const test of slot.where) if (!passes(test, values, now)) return false;
    const match = { at, values: slot.paths.map((path) => scalarAt(values, path)) };
    if (at < this.foldedBefore) {
      this.fold(match);
      return true;
    }
    let index = this.list.length;
    while (index > 0 && this.list[index - 1]!.at > at) index--;
    if (index === this.list.length) this.list.push(match);
    else this.list.splice(index, 0, match);
    if (this.list.length >= FOLD_FROM) this.foldUntil(now + slot.keep);
    return true;
  }

  /** The index of the first match at or after `time`. */
  indexFrom(time: number): number {
    let [low, high] = [0, this.list.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.list[middle]!.at < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The same with only the matches whose moving tests pass now. */
  passing(now: number): Matches {
    const { moving, paths } = this.slot;
    if (moving.length === 0) return this;
    const passing = new Matches(this.slot);
    for (const match of this.list) {
      if (moving.every((test) => this.passes(test, match.values[paths.indexOf(test.path)], now)))
        passing.list.push(match);
    }
    return passing;
  }

  private passes(test: Test, value: Scalar | undefined, now: number): boolean {
    if (test.lookup) return this.slot.items.pass(test, value, now);
    return test.op !== 'includes' && passesScalar(test, value, now);
  }

  private foldUntil(time: number): void {
    if (time <= this.foldedBefore) return;
    // Events yet to come may be as old as now: totals take those that are older than all leaves look at.
    const until = this.indexFrom(time);
    if (until === 0) return;
    for (let index = 0; index < until; index++) this.fold(this.list[index]!);
    this.list.splice(0, until);
    this.foldedBefore = time;
  }

  private fold({ at, values }: Match): void {
    const { totals } = this;
    totals.count += 1;
    totals.first = Math.min(totals.first, at);
    totals.last = Math.max(totals.last, at);
    values.forEach((value, index) => {
      if (typeof value !== 'bigint') return;
      const total = totals.numbers[index];
      if (!total) totals.numbers[index] = { sum: value, count: 1, min: value, max: value };
      else addNumber(total, value);
    });
  }
}

export function addNumber(total: NumberTotal, value: bigint): void {
  total.sum += value;
  total.count += 1;
  if (value < total.min) total.min = value;
  if (value > total.max) total.max = value;
}
