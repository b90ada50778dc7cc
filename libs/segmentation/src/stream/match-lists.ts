import type { ChosenSlots } from './chosen-slots';
import { folded, Matches, NO_TOTALS, type Totals, type Values } from './matches';
import type { Read, Slot } from './slot';

/** Numbers kept of each slot: which slot, where its answers are, where its times end, where its values end. */
const HEAD = 4;
const [PLACE, END, VALUES_END] = [1, 2, 3];

interface Folded {
  totals: Totals;
  /** All events older than this are in them. */
  before: number;
}

/**
 * A person's events, slot after slot, oldest first in each: one list of times and one of values for all slots, as there are
 * many persons with few events in each slot, and lists and objects of their own would take more than the events.
 */
export class MatchLists {
  private readonly heads: number[] = [];
  private readonly times: number[] = [];
  private readonly values: Values = [];
  /** By slot, where there are any. */
  private totals: Map<number, Folded> | undefined;

  /** Slots with events, or that had some. */
  get length(): number {
    return this.heads.length / HEAD;
  }

  /** The number of the nth slot; undefined after the last. */
  slotAt(nth: number): number | undefined {
    return this.heads[nth * HEAD];
  }

  /** What the slot was opened with. */
  placeAt(nth: number): number {
    return this.heads[nth * HEAD + PLACE]!;
  }

  /** How many events of the nth slot are kept one by one. */
  countAt(nth: number): number {
    return this.heads[nth * HEAD + END]! - this.startOf(nth);
  }

  /** Where the slot of a number is, or belongs: they are ascending. */
  nthOf(index: number): number {
    const { heads } = this;
    let [low, high] = [0, heads.length / HEAD];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (heads[middle * HEAD]! < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  matches(nth: number, slot: Slot): Matches {
    const { heads, times, values } = this;
    const end = heads[nth * HEAD + END]!;
    return new Matches(
      slot,
      times,
      this.startOf(nth),
      end,
      values,
      this.valuesFrom(nth),
      this.totalsOf(slot),
    );
  }

  totalsOf({ index }: Slot): Totals {
    return this.totals?.get(index)?.totals ?? NO_TOTALS;
  }

  /** Make room for a slot, at its nth place. */
  open(nth: number, index: number, place: number): void {
    const { heads } = this;
    makeRoom(heads, nth * HEAD, heads.length, HEAD, 0);
    heads[nth * HEAD] = index;
    heads[nth * HEAD + PLACE] = place;
    heads[nth * HEAD + END] = this.startOf(nth);
    heads[nth * HEAD + VALUES_END] = this.valuesFrom(nth);
  }

  /** Put an event into some slots. What lies behind moves once for all of them. */
  insert({ slots, nths, count }: ChosenSlots, at: number, { scalars }: Read): void {
    const { heads, times, values } = this;
    let shift = count;
    let valuesShift = 0;
    for (let each = 0; each < count; each++) valuesShift += slots[each]!.places.length;
    let until = times.length;
    let valuesUntil = values.length;
    let last = this.length - 1;
    for (let each = count - 1; each >= 0; each--) {
      const { places } = slots[each]!;
      const nth = nths[each]!;
      for (; last >= nth; last--) {
        heads[last * HEAD + END]! += shift;
        heads[last * HEAD + VALUES_END]! += valuesShift;
      }
      const start = this.startOf(nth);
      const end = heads[nth * HEAD + END]! - shift;
      let index = end;
      while (index > start && times[index - 1]! > at) index--;
      const valuesIndex = heads[nth * HEAD + VALUES_END]! - valuesShift - (end - index) * places.length;
      shift -= 1;
      valuesShift -= places.length;
      makeRoom(times, index, until, shift + 1, at);
      times[index + shift] = at;
      makeRoom(values, valuesIndex, valuesUntil, valuesShift + places.length, undefined);
      for (let path = 0; path < places.length; path++)
        values[valuesIndex + valuesShift + path] = scalars[places[path]!];
      until = index;
      valuesUntil = valuesIndex;
    }
  }

  /** Whether an event is older than all that is kept one by one. */
  isFolded({ index }: Slot, at: number): boolean {
    return this.totals !== undefined && at < (this.totals.get(index)?.before ?? -Infinity);
  }

  /** Add an event to the slot's totals. */
  fold(slot: Slot, at: number, row: Readonly<Values>): void {
    const { before } = this.totals!.get(slot.index)!;
    this.totals!.set(slot.index, { totals: folded(this.totalsOf(slot), at, row), before });
  }

  /** Let totals take what is older than a moment. */
  foldUntil(nth: number, slot: Slot, time: number): void {
    const matches = this.matches(nth, slot);
    // Events yet to come may be as old as now: totals take those that are older than all leaves look at.
    const until = matches.indexFrom(time);
    if (until === matches.start) return;
    let { totals } = matches;
    for (let index = matches.start; index < until; index++) {
      const row = slot.paths.map((_, path) => matches.valueAt(index, path));
      totals = folded(totals, matches.times[index]!, row);
    }
    this.totals ??= new Map();
    this.totals.set(slot.index, { totals, before: time });
    this.remove(nth, slot, until - matches.start);
  }

  /** Let go of the oldest of a slot. */
  remove(nth: number, { paths }: Slot, count: number): void {
    const { heads } = this;
    this.times.splice(this.startOf(nth), count);
    this.values.splice(this.valuesFrom(nth), count * paths.length);
    for (let each = nth; each < this.length; each++) {
      heads[each * HEAD + END]! -= count;
      heads[each * HEAD + VALUES_END]! -= count * paths.length;
    }
  }

  private startOf(nth: number): number {
    return nth === 0 ? 0 : this.heads[(nth - 1) * HEAD + END]!;
  }

  private valuesFrom(nth: number): number {
    return nth === 0 ? 0 : this.heads[(nth - 1) * HEAD + VALUES_END]!;
  }
}

/** Move what is in a list from `index` up to `until` by `shift`; a list that grows is filled. A builtin is slower for a few. */
export function makeRoom<T>(list: T[], index: number, until: number, shift: number, filling: T): void {
  while (list.length < until + shift) list.push(filling);
  for (let from = until - 1; from >= index; from--) list[from + shift] = list[from]!;
}
