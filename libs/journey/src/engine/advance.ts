import type { Content } from '../definition/definition';
import type { Instance, JourneyEvent } from './instance';

/** What happens to one instance at one moment. */
export type Stimulus =
  /** It was just made. */
  | { kind: 'enter' }
  /** Some token's time has come. */
  | { kind: 'due' }
  | { kind: 'event'; event: JourneyEvent }
  | { kind: 'membership'; audienceId: string; op: 'enter' | 'exit' }
  /** What became of the effect of a visit. */
  | { kind: 'outcome'; visit: number; outcome: VisitOutcome }
  /** Answers to the questions that were asked in this turn. */
  | { kind: 'answers'; answers: Answer[] }
  | { kind: 'end'; reason: string };

export type VisitOutcome =
  | { status: 'accepted'; response?: unknown }
  | { status: 'rejected' | 'suppressed' | 'dropped' | 'unknown'; code: string };

/** What a step needs to know to go on; all questions of a turn are answered together, then it is advanced again. */
export interface Question {
  visit: number;
  ask:
    /** Does the condition at this RFC 6901 pointer into the definition hold for the profile? */
    | { kind: 'condition'; pointer: string }
    /** What do these expressions give over the journey's input document? */
    | { kind: 'expressions'; expressions: Record<string, string>; response?: unknown }
    /** What is the profile's zone? */
    | { kind: 'zone'; trait: string };
}

export interface Answer {
  visit: number;
  /** Of a condition. */
  holds?: boolean;
  /** Of expressions: those that failed are missing and have their error beside. */
  values?: Record<string, unknown>;
  errors?: Record<string, string>;
  /** Undefined: the workspace's. */
  zone?: string;
}

/** What is to be done outside, together with keeping the instance. Its visit names it. */
export type Command =
  | {
      kind: 'deliver';
      visit: number;
      step: string;
      connectorId: string;
      content: Content;
      priority: 'transactional' | 'bulk';
      /** A call, whose response is wanted. */
      call: boolean;
      /** Whether the step waits for the outcome. */
      watched: boolean;
    }
  | { kind: 'traits'; visit: number; traits: Record<string, unknown> }
  | { kind: 'consent'; visit: number; channel: string; topic?: string; is: 'granted' | 'denied' }
  | { kind: 'list'; visit: number; audienceId: string; op: 'add' | 'remove' }
  | { kind: 'jump'; visit: number; journeyId: string; context: Record<string, unknown> };

/** One line of an instance's story. */
export interface TraceEntry {
  at: number;
  visit: number;
  step: string;
  /** What came about: the step was entered, left, or what it saw meanwhile. */
  what: 'entered' | 'left' | 'goal' | 'ended' | 'error';
  /** Where it went on. */
  next?: string;
  /** Which branch and why, which message, what was waited for: small, without personal data. */
  detail?: Record<string, unknown>;
}

export interface Advanced {
  /** A new value; the one given is left as it was. */
  instance: Instance;
  commands: Command[];
  trace: TraceEntry[];
  questions: Question[];
}
