import type { Content } from '../definition/definition';
import type { Instance, JourneyEvent } from './instance';

/** What happens to one instance at one moment. */
export type Stimulus =
  /** Some token's time has come. */
  | { kind: 'due' }
  | Happening
  /** What became of the effect of a visit. */
  | { kind: 'outcome'; visit: number; outcome: VisitOutcome }
  /** Answers to the questions that were asked in this turn. */
  | { kind: 'answers'; answers: Answer[] }
  | { kind: 'end'; reason: string };

/** What comes from outside, as watches see it. `held`: the journey is paused, only its goal and exits count. */
export type Happening = { held?: boolean } & (
  { kind: 'event'; event: JourneyEvent } | { kind: 'membership'; audienceId: string; op: 'enter' | 'exit' }
);

export type VisitOutcome =
  /** `problem`: a code, where the response was lost. */
  | { status: 'accepted'; response?: unknown; problem?: string }
  | { status: 'rejected' | 'suppressed' | 'dropped' | 'unknown'; code: string };

/**
 * What a step needs to know to go on. All questions an advance asks are of one step and are answered together; then the
 * instance is advanced again, at the same moment, and what waited for its turn behind this step comes after it.
 */
export interface Question {
  visit: number;
  ask:
    /** Does the condition at this RFC 6901 pointer into the `JourneyDefinition` hold for the profile? */
    | { kind: 'condition'; pointer: string }
    /** What do these expressions give over the journey's input document? */
    | { kind: 'expressions'; expressions: Record<string, string>; response?: unknown }
    /** What zone does the trait name? Without one, or where it names none: what is the workspace's? */
    | { kind: 'zone'; trait?: string };
}

export interface Answer {
  visit: number;
  /** Of a condition: which, and whether it holds. */
  pointer?: string;
  holds?: boolean;
  /** Of expressions: those that failed are missing and have their error beside. */
  values?: Record<string, unknown>;
  errors?: Record<string, string>;
  /** An IANA name; undefined: UTC. */
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
      /** Of the instance as it was then: steps that follow at the same moment change nothing of what is said. */
      context: Record<string, unknown>;
      priority: 'transactional' | 'bulk';
      /** A call, whose response is wanted. */
      call: boolean;
      /** Whether the step waits for the outcome. */
      watched: boolean;
    }
  | { kind: 'traits'; visit: number; traits: Record<string, unknown> }
  | { kind: 'consent'; visit: number; channel: string; topic?: string; is: 'granted' | 'denied' }
  | { kind: 'list'; visit: number; audienceId: string; op: 'add' | 'remove' }
  /** `hops`: how many jumps in a row took no time. */
  | { kind: 'jump'; visit: number; journeyId: string; context: Record<string, unknown>; hops: number };

/** One line of an instance's story. What is said of the journey itself has the step '' and the visit 0. */
export interface TraceEntry {
  at: number;
  visit: number;
  step: string;
  what: TraceWhat;
  /** Where it went on. */
  next?: string;
  /** Which branch and why, which message, what was waited for: small, without personal data. */
  detail?: Record<string, unknown>;
}

export type TraceWhat =
  /** The step was entered and left at once. */
  | 'passed'
  /** The step was entered and waits; the journey was entered. */
  | 'entered'
  /** The step had waited and goes on. */
  | 'left'
  /** The step waited and will not go on: another branch was first, or the journey ended. */
  | 'stopped'
  /** The instance, or what waits at the step, came from another version: `detail` names that and its step there. */
  | 'moved'
  | 'goal'
  | 'ended'
  | 'error';

export interface Advanced {
  /** A new value, and the one that was given where nothing happened to it. */
  instance: Instance;
  commands: Command[];
  trace: TraceEntry[];
  questions: Question[];
}
