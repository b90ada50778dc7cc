import type { Test } from '../definition/definition';
import type { Answer } from './answer';
import type { LookupItems } from './lookup-items';
import type { Scalar } from './scalar';

/** What is at a reader's paths in one event, by place. Valid until the reader reads another one. */
export interface Read {
  scalars: (Scalar | undefined)[];
  /** Of lists, where a test asks for them. */
  elements: (readonly string[] | undefined)[];
}

/** Which of a person's events some leaves look at: state is kept once for all of them. */
export interface Slot {
  index: number;
  name: string;
  /** Tests whose answer never changes; checked once, when the event comes. */
  where: ((read: Read) => boolean)[];
  /** Tests against dates that move with now, and of lookups; checked whenever the leaf is asked. */
  moving: Test[];
  /** What tests of lookups look at. */
  items: LookupItems;
  /** Fixed bounds on the time an event occurred, Unix milliseconds, [from, to). */
  from: number;
  to: number;
  /** Paths of properties whose values are kept with each match. */
  paths: string[];
  /** Where the reader of the slot's events finds them. */
  places: number[];
  /** Leaves look at single events from now + this on; older ones may be folded into totals. */
  keep: number;
  /** Leaves of which this is the first slot, by their numbers in the plan: their answers are kept with it. */
  leaves: number[];
  /** What they answer while the slot is empty. */
  blank: Answer[];
  /** Whether an answer of those leaves depends on items that are looked up. */
  looksUp: boolean;
  /** Slots whose leaves look at this one: itself, and the first ones of sequences of which it is a step. */
  seenFrom: Slot[];
}

/** Whether an event of the slot's name belongs to it. */
export function admits({ where, from, to }: Slot, at: number, read: Read): boolean {
  if (at < from || at >= to) return false;
  for (const passes of where) if (!passes(read)) return false;
  return true;
}

/** What is at a slot's paths in an event that was read. */
export const rowFor = ({ places }: Slot, { scalars }: Read): (Scalar | undefined)[] =>
  places.map((place) => scalars[place]);
