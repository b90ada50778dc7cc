import { type Answer } from './answer';
import { Matches } from './matches';
import type { Read } from './property-reader';
import { admits, type Slot } from './slot';

/** What is kept of a slot: its matches, and the answers of the leaves that keep theirs with it. */
export class SlotState extends Matches {
  /** In the order of the slot's leaves; those of the empty slot until they are asked. */
  answers: Answer[] = this.slot.blank;
  /** Before this moment time alone changes none of them. */
  due = Infinity;
  /** Whether events came since they were asked. */
  stale = true;
}

const NO_SLOTS: ReadonlySet<number> = new Set();

/** A person's state: the events audiences look at, slot by slot, and the last answers of leaves. */
export class PersonState {
  /** The profile's version that answers are of; -1: nothing was asked yet. */
  profileVersion = -1;
  /** Answers of the plan's leaves on the profile. */
  profile: Answer[] = [];
  /** Before this moment time alone changes none of these. */
  profileDue = Infinity;
  /** The same of those kept with slots. */
  due = Infinity;
  /** Whether some of those are stale. */
  stale = true;
  /** The moment of the last answers, and how often the items they look up had changed by then. */
  asOf = -Infinity;
  itemsAsOf = 0;
  /** Single events and slots kept. */
  size = 1;
  readonly slots = new Map<number, SlotState>();
  /** Slots with more events than are kept: they are read each time. */
  overflowed = NO_SLOTS;

  /** For reading: slots without an event cost nothing, however many there are. */
  matches(slot: Slot): Matches {
    return this.slots.get(slot.index) ?? emptyOf(slot);
  }

  /** Take an event up where it belongs to the slot. */
  offer(slot: Slot, at: number, read: Read, now: number): void {
    const { slots } = this;
    if (!admits(slot, at, read)) return;
    let state = slots.get(slot.index);
    if (!state) {
      slots.set(slot.index, (state = new SlotState(slot)));
      this.size += 1;
    }
    if (!this.overflowed.has(slot.index)) {
      const before = state.times.length;
      state.add(at, read, now);
      this.size += state.times.length - before;
      if (state.overflowed) this.overflow(state);
    }
    this.outdate(slot);
  }

  /** Answers of leaves that look at a slot may be others now. */
  outdate(slot: Slot): void {
    this.stale = true;
    for (const first of slot.seenFrom) {
      const state = this.slots.get(first.index);
      if (state) state.stale = true;
    }
  }

  private overflow(state: SlotState): void {
    this.size -= state.times.length;
    state.clear();
    this.overflowed = new Set([...this.overflowed, state.slot.index]);
  }
}

const empties = new WeakMap<Slot, Matches>();

function emptyOf(slot: Slot): Matches {
  let empty = empties.get(slot);
  if (!empty) empties.set(slot, (empty = new Matches(slot)));
  return empty;
}
