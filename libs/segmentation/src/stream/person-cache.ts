import type { FlatValues, PersonEvent } from '@percorso/profile';
import { Matches } from './matches';
import type { Plan, Slot } from './plan';

/** A person's state: the events audiences look at, slot by slot. */
export class PersonState {
  /** The profile's version that was last looked at; -1: none yet. */
  profileVersion = -1;
  /** Single events and slots kept. */
  size = 1;
  private readonly slots = new Map<number, Matches>();
  /** Slots with more events than are kept: they are read each time. */
  readonly overflowed = new Set<number>();

  /** For reading: slots without an event cost nothing, however many there are. */
  matches(slot: Slot): Matches {
    return this.slots.get(slot.index) ?? emptyOf(slot);
  }

  offer(slot: Slot, at: number, values: FlatValues, now: number): void {
    if (this.overflowed.has(slot.index)) return;
    const known = this.slots.get(slot.index);
    const matches = known ?? new Matches(slot);
    const before = matches.list.length;
    if (!matches.offer(at, values, now)) return;
    if (!known) {
      this.slots.set(slot.index, matches);
      this.size += 1;
    }
    this.size += matches.list.length - before;
    if (!matches.overflowed) return;
    this.slots.delete(slot.index);
    this.size -= matches.list.length + 1;
    this.overflowed.add(slot.index);
  }
}

const empties = new WeakMap<Slot, Matches>();

function emptyOf(slot: Slot): Matches {
  let empty = empties.get(slot);
  if (!empty) empties.set(slot, (empty = new Matches(slot)));
  return empty;
}

/**
 * State of one workspace's persons, of each as of the end of its partition's last turn, the least recently used given up first. All of it is found
 * again in the event table, so it may be dropped at any time.
 */
export class PersonCache {
  /** Time as last seen: state forgets what later moments do not need. */
  now = -Infinity;
  private readonly states = new Map<number, PersonState>();
  private held = 0;

  constructor(readonly plan: Plan) {}

  /** Persons, slots and single events that are kept. */
  get kept(): number {
    return this.held;
  }

  has(person: number): boolean {
    return this.states.has(person);
  }

  get(person: number): PersonState | undefined {
    const state = this.states.get(person);
    if (!state) return undefined;
    // Maps keep the order of insertion: the first is the one not used for longest.
    this.states.delete(person);
    this.states.set(person, state);
    return state;
  }

  /** State of a person from all its events, in any order. */
  build(person: number, events: readonly PersonEvent[], now: number): PersonState {
    const state = new PersonState();
    this.drop(person);
    this.states.set(person, state);
    for (const event of events) this.take(state, event, now);
    this.held += state.size;
    return state;
  }

  /** Take a new event up. */
  offer(state: PersonState, event: PersonEvent, now: number): void {
    const before = state.size;
    this.take(state, event, now);
    this.held += state.size - before;
  }

  drop(person: number): void {
    const state = this.states.get(person);
    if (!state) return;
    this.held -= state.size;
    this.states.delete(person);
  }

  dropWhere(gone: (person: number) => boolean): void {
    for (const person of this.states.keys()) if (gone(person)) this.drop(person);
  }

  /** Give up what is beyond a bound; not while states are in use. */
  shrink(most: number): void {
    for (const person of this.states.keys()) {
      if (this.held <= most) return;
      this.drop(person);
    }
  }

  private take(state: PersonState, event: PersonEvent, now: number): void {
    if (!event.values) return;
    for (const slot of this.plan.slotsOf.get(event.name) ?? []) {
      state.offer(slot, event.occurredAt.getTime(), event.values, now);
    }
  }
}
