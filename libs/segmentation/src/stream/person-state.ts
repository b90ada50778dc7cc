import type { Answer } from './answer';
import { Matches, rowFor } from './matches';
import type { Plan } from './plan';
import { admits, type Read, type Slot } from './slot';

const NO_SLOTS: ReadonlySet<number> = new Set();

/**
 * A person's state: the events audiences look at, slot by slot, and the last answers of leaves. What is looked through
 * at every event lies in lists of numbers, so that little memory is touched for a person who is one of many.
 */
export class PersonState {
  /** The profile's version that answers are of; -1: nothing was asked yet. */
  profileVersion = -1;
  /** Of the plan's leaves on the profile, then of those kept with each slot, in the order in which slots were opened. */
  readonly answers: Answer[];
  /** Before this moment time alone changes none of those on the profile. */
  profileDue = Infinity;
  /** Before this moment no answer kept with a slot is to be found again. */
  due = Infinity;
  /** The moment of the last answers, and how often the items they look up had changed by then. */
  asOf = -Infinity;
  itemsAsOf = 0;
  /** Bytes kept, about. */
  size: number;
  /** Whether it was looked at since the cache last looked for what to give up. */
  used = false;
  /** Slots with events, by number, ascending. */
  readonly slots: number[] = [];
  /** Of each of these: where its answers begin; when they are to be found again; its events. */
  readonly places: number[] = [];
  readonly dues: number[] = [];
  private readonly kept: Matches[] = [];
  /** Slots with more events than are kept: they are read each time. */
  overflowed = NO_SLOTS;

  constructor({ profileLeaves }: Plan) {
    this.answers = profileLeaves.map(() => Number.NaN);
    this.size = PERSON_BYTES + BYTES * profileLeaves.length;
  }

  /** For reading: slots without an event cost nothing, however many there are. */
  matches(slot: Slot): Matches {
    const nth = this.nthOf(slot.index);
    return this.slots[nth] === slot.index ? this.kept[nth]! : emptyOf(slot);
  }

  /** Take an event up where it belongs to the slot. */
  offer(slot: Slot, at: number, read: Read, now: number): void {
    if (!admits(slot, at, read)) return;
    const { index } = slot;
    const nth = this.nthOf(index);
    if (this.slots[nth] !== index) this.open(slot, nth, new Matches(slot, [at], rowFor(slot, read)));
    else if (!this.overflowed.has(index)) this.add(this.kept[nth]!, at, read, now);
    this.outdate(slot);
  }

  /** Answers of leaves that look at a slot may be others now. */
  outdate({ seenFrom }: Slot): void {
    // Whoever was never asked will be asked everything.
    if (this.profileVersion < 0) return;
    for (const { index } of seenFrom) {
      const nth = this.nthOf(index);
      if (this.slots[nth] === index) this.dues[nth] = this.due = -Infinity;
    }
  }

  /** The events of the nth slot. */
  matchesOf(nth: number): Matches {
    return this.kept[nth]!;
  }

  /** Where the slot of a number is, or belongs. */
  private nthOf(index: number): number {
    const { slots } = this;
    let [low, high] = [0, slots.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (slots[middle]! < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private open(slot: Slot, nth: number, matches: Matches): void {
    insert(this.slots, nth, slot.index);
    insert(this.places, nth, this.answers.length);
    insert(this.dues, nth, -Infinity);
    insert(this.kept, nth, matches);
    for (const answer of slot.blank) this.answers.push(answer);
    this.size += SLOT_BYTES + BYTES * slot.blank.length + sizeOf(matches);
  }

  private add(matches: Matches, at: number, read: Read, now: number): void {
    this.size -= sizeOf(matches);
    matches.add(at, read, now);
    if (matches.overflowed) {
      matches.clear();
      this.overflowed = new Set([...this.overflowed, matches.slot.index]);
    }
    this.size += sizeOf(matches);
  }
}

/** What a person, a slot and each number kept take; measured by `bench -- streaming`. */
const PERSON_BYTES = 700;
const SLOT_BYTES = 250;
const BYTES = 8;

const sizeOf = ({ times, slot }: Matches): number => times.length * BYTES * (1 + slot.paths.length);

function insert<T>(list: T[], index: number, item: T): void {
  if (index === list.length) list.push(item);
  else list.splice(index, 0, item);
}

const empties = new WeakMap<Slot, Matches>();

function emptyOf(slot: Slot): Matches {
  let empty = empties.get(slot);
  if (!empty) empties.set(slot, (empty = new Matches(slot)));
  return empty;
}
