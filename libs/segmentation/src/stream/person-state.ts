import type { Answer } from './answer';
import type { ChosenSlots } from './chosen-slots';
import { makeRoom, MatchLists } from './match-lists';
import { Matches } from './matches';
import type { Plan } from './plan';
import { type Read, rowFor, type Slot } from './slot';

/** More single events than this are not kept: the leaf then reads the person's events each time, exact but slower. */
export const MOST_MATCHES = 512;
/** Folding is worth it from this many on. */
const FOLD_FROM = 32;

const NO_SLOTS: ReadonlySet<number> = new Set();

/**
 * A person's state: the events audiences look at, slot by slot, and the last answers of leaves. What is looked through
 * at every event lies in few lists, so that little memory is touched for a person who is one of many.
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
  /** The events; a slot's place there is where its answers begin. */
  readonly events = new MatchLists();
  /** Of each slot with events: when its answers are to be found again. */
  readonly dues: number[] = [];
  /** Slots with more events than are kept: they are read each time. */
  overflowed = NO_SLOTS;

  constructor({ profileLeaves }: Plan) {
    this.answers = profileLeaves.map(() => Number.NaN);
    this.size = PERSON_BYTES + BYTES * profileLeaves.length;
  }

  /** For reading: slots without an event cost nothing, however many there are. */
  matches(slot: Slot): Matches {
    const nth = this.events.nthOf(slot.index);
    return this.events.slotAt(nth) === slot.index ? this.events.matches(nth, slot) : Matches.empty(slot);
  }

  /** Take an event up in the slots that admit it. */
  take(chosen: ChosenSlots, at: number, read: Read, now: number): void {
    const { slots, nths, count } = chosen;
    chosen.count = 0;
    for (let each = 0; each < count; each++) {
      const slot = slots[each]!;
      if (this.events.isFolded(slot, at)) this.events.fold(slot, at, rowFor(slot, read));
      else if (!this.overflowed.has(slot.index)) {
        nths[chosen.count] = this.opened(slot);
        slots[chosen.count++] = slot;
      }
      this.outdate(slot);
    }
    if (chosen.count > 0) this.events.insert(chosen, at, read);
    for (let each = 0; each < chosen.count; each++) this.bound(nths[each]!, slots[each]!, now);
  }

  /** Answers of leaves that look at a slot may be others now. */
  outdate({ seenFrom }: Slot): void {
    // Whoever was never asked will be asked everything.
    if (this.profileVersion < 0) return;
    for (const { index } of seenFrom) {
      const nth = this.events.nthOf(index);
      if (this.events.slotAt(nth) === index) this.dues[nth] = this.due = -Infinity;
    }
  }

  /** Where the slot is; it gets its place with the first event. */
  private opened({ index, blank }: Slot): number {
    const nth = this.events.nthOf(index);
    if (this.events.slotAt(nth) === index) return nth;
    this.events.open(nth, index, this.answers.length);
    makeRoom(this.dues, nth, this.dues.length, 1, -Infinity);
    this.dues[nth] = -Infinity;
    for (const answer of blank) this.answers.push(answer);
    this.size += SLOT_BYTES + BYTES * blank.length;
    return nth;
  }

  /** Keep no more single events of the nth slot than leaves need, nor than are kept of any. */
  private bound(nth: number, slot: Slot, now: number): void {
    const bytes = BYTES * (1 + slot.paths.length);
    this.size += bytes;
    const before = this.events.countAt(nth);
    if (before < FOLD_FROM) return;
    this.events.foldUntil(nth, slot, now + slot.keep);
    if (this.events.countAt(nth) > MOST_MATCHES) {
      this.events.remove(nth, slot, this.events.countAt(nth));
      this.overflowed = new Set([...this.overflowed, slot.index]);
    }
    this.size -= (before - this.events.countAt(nth)) * bytes;
  }
}

/** What a person, a slot and each number kept take; measured by `bench -- streaming`. */
const PERSON_BYTES = 1100;
const SLOT_BYTES = 60;
const BYTES = 8;
