/**
 * A definition as evaluators see it: every duration in milliseconds, every number as exact decimal text, defaults
 * filled in. Meaning is set down in this lib's README; both evaluators follow it and share nothing but this.
 */
export interface Definition {
  version: 1;
  where: Condition;
}

export type Condition =
  | { kind: 'all'; conditions: Condition[] }
  | { kind: 'any'; conditions: Condition[] }
  | { kind: 'not'; condition: Condition }
  | Leaf;

/** A condition that is answered by looking at data; every other kind is boolean algebra over these. */
export type Leaf = TraitLeaf | ConsentLeaf | EventLeaf | FirstEventLeaf | SequenceLeaf;

export interface TraitLeaf {
  kind: 'trait';
  test: Test;
}

export interface ConsentLeaf {
  kind: 'consent';
  channel: string;
  topic?: string;
  is: 'granted' | 'denied' | 'unknown';
}

/** A measure over the matching events of a window, compared with a value. */
export interface EventLeaf {
  kind: 'event';
  events: EventSelector;
  window: Window;
  measure: Measure;
  op: Order;
  value: NumberValue | DateValue;
}

/** The first matching event ever falls into the window. */
export interface FirstEventLeaf {
  kind: 'firstEvent';
  events: EventSelector;
  window: Window;
}

/** After some `first` event of the window, a `then` event came (or none did); with `gap`, sooner than that. */
export interface SequenceLeaf {
  kind: 'sequence';
  first: EventSelector;
  window: Window;
  then: EventSelector;
  presence: 'present' | 'absent';
  gap?: number;
}

export interface EventSelector {
  name: string;
  where: Test[];
}

/** [from, to) on the time an event occurred; an open side has no bound. */
export interface Window {
  from?: TimePoint;
  to?: TimePoint;
}

/** An instant in Unix milliseconds, or milliseconds from now (negative: ago). */
export type TimePoint = { at: number } | { fromNow: number };

export type Measure =
  { of: 'count' | 'first' | 'last' } | { of: 'sum' | 'min' | 'max' | 'avg'; path: string };

export type Order = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte';

/** A test of one dotted path of a profile's traits or an event's properties. */
export type Test =
  | { path: string; op: 'exists'; exists: boolean }
  | { path: string; op: Order; value: Value }
  | { path: string; op: 'in'; values: PlainValue[] }
  | { path: string; op: 'contains'; text: string }
  | { path: string; op: 'startsWith'; text: string };

export type Value = PlainValue | DateValue;
export type PlainValue = TextValue | NumberValue | BooleanValue;
export interface TextValue {
  type: 'text';
  value: string;
}
/** Plain decimal text of at most 29 integer and 9 fraction digits. */
export interface NumberValue {
  type: 'number';
  value: string;
}
export interface BooleanValue {
  type: 'boolean';
  value: boolean;
}
export interface DateValue {
  type: 'date';
  time: TimePoint;
}

/** Every leaf of a condition, in reading order, repeated ones included. */
export function* leavesOf(condition: Condition): Generator<Leaf> {
  if (condition.kind === 'not') yield* leavesOf(condition.condition);
  else if (condition.kind === 'all' || condition.kind === 'any') {
    for (const inner of condition.conditions) yield* leavesOf(inner);
  } else yield condition;
}

/** A time point's instant in Unix milliseconds. */
export function instantOf(time: TimePoint, now: Date): number {
  return 'at' in time ? time.at : now.getTime() + time.fromNow;
}

/** Whether a test's answer for the same data changes as time passes. */
export const movesWithTime = (test: Test): boolean =>
  'value' in test && test.value.type === 'date' && 'fromNow' in test.value.time;
