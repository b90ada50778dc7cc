/**
 * A definition as evaluators see it: every duration in milliseconds, every number as exact decimal text, defaults
 * filled in. Meaning is set down in this lib's README; both evaluators follow it and share nothing but this.
 */
export interface Definition<L = Leaf> {
  version: 1;
  where: Condition<L>;
}

/** As it is written and stored: it may name other audiences. `resolveAudiences` makes a Definition of it. */
export type WrittenDefinition = Definition<WrittenLeaf>;

export type Condition<L = Leaf> =
  | { kind: 'all'; conditions: Condition<L>[] }
  | { kind: 'any'; conditions: Condition<L>[] }
  | { kind: 'not'; condition: Condition<L> }
  | L;

/** A condition that is answered by looking at data; every other kind is boolean algebra over these. */
export type Leaf = PersonLeaf | AccountMemberLeaf;

/** One that is answered by the data of one person and the accounts it belongs to. */
export type PersonLeaf =
  | TraitLeaf
  | ConsentLeaf
  | AccountLeaf
  | ListLeaf
  | IdentityLeaf
  | CalendarLeaf
  | SampleLeaf
  | EventLeaf
  | EveryLeaf
  | FirstEventLeaf
  | SequenceLeaf;

export type WrittenLeaf = WrittenPersonLeaf | AccountMemberLeaf<WrittenPersonLeaf>;
export type WrittenPersonLeaf = PersonLeaf | AudienceLeaf | ImportedLeaf;

/** The list of the audience that says so names an identity of the person. It is resolved to a ListLeaf. */
export interface ImportedLeaf {
  kind: 'imported';
}

/** The person satisfies the current definition of another audience. */
export interface AudienceLeaf {
  kind: 'audience';
  id: string;
}

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

/** The list that was uploaded to an audience names an identity of the person. */
export interface ListLeaf {
  kind: 'list';
  audience: string;
}

/** Some group account that the profile belongs to passes all tests on its traits. */
export interface AccountLeaf {
  kind: 'account';
  where: Test[];
}

/** Some profile that shares an account with this one, the account passing all tests, satisfies a condition. */
export interface AccountMemberLeaf<L = PersonLeaf> {
  kind: 'accountMember';
  /** Of the account that is shared. */
  account: Test[];
  /** The profile itself is left out. */
  others: boolean;
  where: Condition<L>;
}

/** Some identity of the profile in the namespace passes; with `exists` false: the profile has none there. */
export interface IdentityLeaf {
  kind: 'identity';
  namespace: string;
  test: IdentityTest;
}

export type IdentityTest =
  | { op: 'exists'; exists: boolean }
  | { op: 'in'; texts: string[] }
  | { op: 'eq' | 'contains' | 'startsWith'; text: string };

/** The date at the path has its anniversary on one of the local days from today + `from` up to and with today + `to`. */
export interface CalendarLeaf {
  kind: 'calendar';
  path: string;
  from: number;
  to: number;
  /** Whose today it is; the evaluation's default zone when left out, and where the trait names no zone. */
  zone?: { name: string } | { trait: string };
}

/** A sample's shares are hundredths of a percent. */
export const SAMPLE_PARTS = 10_000;

/** The first four bytes of MD5(`salt:person`), big-endian, modulo SAMPLE_PARTS are below `share`. */
export interface SampleLeaf {
  kind: 'sample';
  /** Of SAMPLE_PARTS. */
  share: number;
  salt: string;
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

/** The measure compares so in each of the window's `periods` of `every` milliseconds, counted back from its end. */
export interface EveryLeaf {
  kind: 'every';
  events: EventSelector;
  window: Required<Window>;
  every: number;
  periods: number;
  measure: CountOrSum;
  op: Order;
  value: NumberValue;
}

/** The first matching event ever falls into the window. */
export interface FirstEventLeaf {
  kind: 'firstEvent';
  events: EventSelector;
  window: Window;
}

/** After some `first` event of the window came the steps, one after the other: some chain of events has them all. */
export interface SequenceLeaf {
  kind: 'sequence';
  first: EventSelector;
  window: Window;
  /** One to eight; only the last may be absent. */
  steps: SequenceStep[];
}

/** Later than the step before it, by less than `gap` milliseconds; absent: no such event is. */
export interface SequenceStep {
  events: EventSelector;
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
  CountOrSum | { of: 'first' | 'last' } | { of: 'min' | 'max' | 'avg' | 'distinct'; path: string };
/** Measures that nothing has a value of, too: zero. */
export type CountOrSum = { of: 'count' } | { of: 'sum'; path: string };

export type Order = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte';

/** A test of one dotted path of a profile's or an account's traits or an event's properties. */
export type Test = PlainTest & { lookup?: Lookup };

/** Of a trait or in an event's filter: the test is of a field of the lookup's item whose key is at the path. */
export interface Lookup {
  name: string;
  field: string;
}

type PlainTest =
  | { path: string; op: 'exists'; exists: boolean }
  | { path: string; op: Order; value: Value }
  | { path: string; op: 'in'; values: PlainValue[] }
  | { path: string; op: 'includes'; value: PlainValue }
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

/** Every leaf of a condition and of what it asks of others, in reading order, repeated ones included. */
export function leavesOf(condition: Condition): Generator<Leaf>;
export function leavesOf(condition: Condition<WrittenLeaf>): Generator<WrittenLeaf>;
export function* leavesOf(condition: Condition<WrittenLeaf>): Generator<WrittenLeaf> {
  if (condition.kind === 'not') yield* leavesOf(condition.condition);
  else if (condition.kind === 'all' || condition.kind === 'any') {
    for (const inner of condition.conditions) yield* leavesOf(inner);
  } else {
    yield condition;
    if (condition.kind === 'accountMember') yield* leavesOf(condition.where);
  }
}

/** A time point's instant in Unix milliseconds. */
export function instantOf(time: TimePoint, now: Date): number {
  return 'at' in time ? time.at : now.getTime() + time.fromNow;
}

/** Whether a test's answer for the same data changes as time passes. */
export const movesWithTime = (test: Test): boolean =>
  'value' in test && test.value.type === 'date' && 'fromNow' in test.value.time;
