import type { Answer } from './answer';
import { Matches, rowFor, type Values } from './matches';
import type { Plan } from './plan';
import { admits, type Read, type Slot } from './slot';

/** What is kept of a slot: its matches, and what is known of the answers that are kept with it. */
export class SlotState extends Matches {
  /** Before this moment time alone changes none of them. */
  due = Infinity;
  /** Whether events came since they were found. */
  stale = true;

  constructor(
    slot: Slot,
    /** Where they begin in the person's answers. */
    readonly place: number,
    /** Its first event. Many have no other, and lists that grow take room for more. */
    at: number,
    row: Values,
  ) {
    super(slot, [at], row);
  }
}

const NO_SLOTS: ReadonlySet<number> = new Set();

/** A person's state: the events audiences look at, slot by slot, and the last answers of leaves. */
export class PersonState {
  /** The profile's version that answers are of; -1: nothing was asked yet. */
  profileVersion = -1;
  /** Of the plan's leaves on the profile, then of those of each slot, in the order in which events first came. */
  readonly answers: Answer[];
  /** Before this moment time alone changes none of those on the profile. */
  profileDue = Infinity;
  /** The same of those on events. */
  due = Infinity;
  /** Whether some slot is stale. */
  stale = true;
  /** The moment of the last answers, and how often the items they look up had changed by then. */
  asOf = -Infinity;
  itemsAsOf = 0;
  /** Single events and slots kept. */
  size = 1;
  /** By the numbers of their slots. */
  readonly slots: SlotState[] = [];
  /** Slots with more events than are kept: they are read each time. */
  overflowed = NO_SLOTS;

  constructor({ profileLeaves }: Plan) {
    this.answers = profileLeaves.map(() => Number.NaN);
  }

  /** For reading: slots without an event cost nothing, however many there are. */
  matches(slot: Slot): Matches {
    return this.find(slot) ?? emptyOf(slot);
  }

  /** Take an event up where it belongs to the slot. */
  offer(slot: Slot, at: number, read: Read, now: number): void {
    if (!admits(slot, at, read)) return;
    const { index } = slot;
    const nth = this.nthOf(index);
    const state = this.slots[nth];
    if (state?.slot.index !== index) this.open(slot, nth, at, rowFor(slot, read));
    else if (!this.overflowed.has(index)) {
      this.size -= state.times.length;
      state.add(at, read, now);
      if (state.overflowed) this.overflow(state);
      this.size += state.times.length;
    }
    this.outdate(slot);
  }

  /** Answers of leaves that look at a slot may be others now. */
  outdate({ seenFrom }: Slot): void {
    this.stale = true;
    for (const first of seenFrom) {
      const state = this.find(first);
      if (state) state.stale = true;
    }
  }

  private find({ index }: Slot): SlotState | undefined {
    const found = this.slots[this.nthOf(index)];
    return found?.slot.index === index ? found : undefined;
  }

  /** Where the slot of a number is, or belongs. */
  private nthOf(index: number): number {
    const { slots } = this;
    let [low, high] = [0, slots.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (slots[middle]!.slot.index < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private open(slot: Slot, nth: number, at: number, row: Values): void {
    const state = new SlotState(slot, this.answers.length, at, row);
    if (nth === this.slots.length) this.slots.push(state);
    else this.slots.splice(nth, 0, state);
    for (const answer of slot.blank) this.answers.push(answer);
    this.size += 2;
  }

  private overflow(state: SlotState): void {
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
