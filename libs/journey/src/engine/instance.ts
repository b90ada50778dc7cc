import type { Reaction } from '../definition/definition';

/** One profile on its way through one version of a journey. Times are in Unix milliseconds. */
export interface Instance {
  id: string;
  journeyId: string;
  version: number;
  person: number;
  profileId: string;
  /** What the journey is keyed by; null where it has no key. */
  key: string | null;
  state: InstanceState;
  /** Why it ended: `completed`, `goal`, `exit`, `jump`, `stopped`, `merged`, `erased`, or an `end` step's own words. */
  endReason: string | null;
  enteredAt: number;
  endedAt: number | null;
  /** Until when the goal counts, whether or not it has ended by then; null: it entered without a goal. */
  goalUntil: number | null;
  /** When the goal was first reached, before `goalUntil`. */
  goalAt: number | null;
  /** Followed for comparison until `goalUntil`; walks no step, so it has no tokens while it is active. */
  holdout: boolean;
  /** A marked profile of a test: waits are this many times shorter. 1 otherwise. */
  speed: number;
  /** What it entered with: the event, the membership or what the caller of the API gave. */
  entry: EntryFacts;
  context: Record<string, unknown>;
  tokens: Token[];
  /** Visits of steps so far. The number of a visit names its consequences: it is never given twice. */
  visits: number;
  /** By step the visit in which it sent last. */
  sent: Record<string, number>;
  /** To what steps sent last, and awaited somewhere, but by nobody when it came; in the order in which it came. */
  reacted: readonly RememberedReaction[];
}

/** Goes on with the first await that is come to and is for it. */
export interface RememberedReaction {
  to: string;
  is: Reaction['reaction']['is'];
  /** Name of the event. */
  event: string;
  messageId: string;
  /** Of the event, where some arm keeps them in the context. */
  properties?: Record<string, unknown>;
}

export type InstanceState = 'active' | 'ended';

export type EntryFacts =
  | { kind: 'event'; event: JourneyEvent }
  | { kind: 'audience'; audienceId: string; op: 'enter' | 'exit' }
  | { kind: 'read'; audienceId: string }
  /** `context`: what it was given. */
  | { kind: 'api'; context?: Record<string, unknown> }
  /** `hops`: how many jumps in a row, this one among them, took no time. */
  | { kind: 'jump'; context?: Record<string, unknown>; hops?: number };

/** An event as journeys see it. */
export interface JourneyEvent {
  messageId: string;
  name: string;
  occurredAt: number;
  receivedAt: number;
  properties: Record<string, unknown>;
}

/** Where in the journey an instance is; it has several while parallel branches are walked. Their order says nothing. */
export interface Token {
  step: string;
  /** Of the step, see `Instance.visits`. */
  visit: number;
  frames: Frame[];
  wait: TokenWait;
}

/** What a token is inside of, outermost first. */
export type Frame =
  /** Turns begun. */
  | { kind: 'loop'; step: string; turn: number }
  /** `visit` is that of the parallel step: branches with the same one are joined. */
  | { kind: 'branch'; step: string; visit: number; branch: number };

/** What a token waits for. */
export type TokenWait =
  /** Facts that the engine does not have: given within the same turn, never kept. `response`: of a call. */
  | { kind: 'facts'; response?: unknown }
  /** It has left its step and goes on when facts were given to one before it: never kept. */
  | { kind: 'ready'; next?: string }
  | { kind: 'time'; due: number }
  /** Something from outside, until `due` if there is one. */
  | { kind: 'watch'; due: number | null }
  /** What became of the effect that this visit caused. */
  | { kind: 'outcome'; due: number | null };
