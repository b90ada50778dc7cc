import { canonicalJson } from '@percorso/kernel';
import type { EventLeaf, EventSelector, EveryLeaf, Leaf, Test, Window } from '../definition/definition';
import { movesWithTime } from '../definition/definition';
import { LookupItems } from './lookup-items';
import { PropertyReader } from './property-reader';
import { slidingOf } from './scalar';
import type { Slot } from './slot';

/** Slots by what they select, while a plan is made. */
export class Slots {
  readonly all: Slot[] = [];
  readonly items = new LookupItems();
  /** Readers of properties by the name of their events. */
  readonly readers = new Map<string, PropertyReader>();
  private readonly byKey = new Map<string, Slot>();

  /** One for conditions on events, one per step for sequences, none for conditions on the profile. */
  ofLeaf(leaf: Leaf): Slot[] {
    switch (leaf.kind) {
      case 'event':
      case 'every': {
        const paths = 'path' in leaf.measure ? [leaf.measure.path] : [];
        return [this.slotFor(leaf.events, leaf.window, keepOf(leaf), paths)];
      }
      case 'firstEvent':
        // The earliest event of all decides, and totals know it.
        return [this.slotFor(leaf.events, {}, Infinity, [])];
      case 'sequence': {
        const keep = slidingOf(leaf.window.from) ?? -Infinity;
        return [
          this.slotFor(leaf.first, leaf.window, keep, []),
          ...leaf.steps.map((step) => this.slotFor(step.events, {}, keep, [])),
        ];
      }
      case 'trait':
        if (leaf.test.lookup) this.items.need(leaf.test.lookup);
        return [];
      default:
        return [];
    }
  }

  private slotFor(selector: EventSelector, window: Window, keep: number, paths: readonly string[]): Slot {
    const from = window.from && 'at' in window.from ? window.from.at : -Infinity;
    const to = window.to && 'at' in window.to ? window.to.at : Infinity;
    const key = canonicalJson([selector, String(from), String(to)]);
    let slot = this.byKey.get(key);
    if (!slot) this.byKey.set(key, (slot = this.newSlot(selector, from, to)));
    const reader = this.readerOf(selector.name);
    for (const path of paths) {
      if (slot.paths.includes(path)) continue;
      slot.paths.push(path);
      slot.places.push(reader.placeOf(path));
    }
    slot.keep = Math.min(slot.keep, slot.moving.length > 0 ? -Infinity : keep);
    return slot;
  }

  private newSlot({ name, where }: EventSelector, from: number, to: number): Slot {
    const asksLater = (test: Test): boolean => movesWithTime(test) || test.lookup !== undefined;
    const reader = this.readerOf(name);
    const moving = where.filter(asksLater);
    const fixed = where.filter((test) => !asksLater(test));
    for (const { lookup } of moving) if (lookup) this.items.need(lookup);
    const paths = [...new Set(moving.map(({ path }) => path))];
    const slot: Slot = {
      index: this.all.length,
      name,
      where: fixed.map((test) => reader.checkOf(test)),
      moving,
      items: this.items,
      from,
      to,
      paths,
      places: paths.map((path) => reader.placeOf(path)),
      keep: Infinity,
      leaves: [],
      blank: [],
      looksUp: false,
      seenFrom: [],
    };
    this.all.push(slot);
    reader.serve(slot, fixed);
    return slot;
  }

  private readerOf(name: string): PropertyReader {
    let reader = this.readers.get(name);
    if (!reader) this.readers.set(name, (reader = new PropertyReader()));
    return reader;
  }
}

/** From which moment, relative to now, a leaf needs events one by one. */
function keepOf({ kind, window, measure }: EventLeaf | EveryLeaf): number {
  const from = slidingOf(window.from);
  if (from !== undefined) return from;
  // Totals know neither which values they hold nor when each event occurred.
  if (measure.of === 'distinct' || kind === 'every') return -Infinity;
  return slidingOf(window.to) ?? Infinity;
}
