import type { EventTime } from '@percorso/profile';
import type { JourneyDefinition, Reaction } from '../definition/definition';
import type { Instance } from '../engine/instance';
import type { TraceEntry, VisitOutcome } from '../engine/protocol';
import type { Refusal } from '../runtime/walk/turn';

/** One version of a journey, walked over what happened. Times are in Unix milliseconds. */
export interface Simulation {
  journeyId: string;
  name: string;
  version: number;
  definition: JourneyDefinition;
  /** Nobody is inside when it begins; what happens at this moment counts, what happens at `until` no more. */
  from: number;
  until: number;
  /** Which of its times an event is taken to have come at. */
  eventTime: EventTime;
  /** What became of a message is what really did, where that very message was sent; rules say it of the others. */
  recorded: boolean;
  /** The first that fits is what becomes of a message; where none does it is accepted at once. */
  responses: readonly ResponseRule[];
}

/** What becomes of some messages. */
export interface ResponseRule {
  /** Of which step, by which connector; of all where it is not said. */
  step?: string;
  connector?: string;
  /** Of how many of them, 0 to 100: the same profile draws the same. */
  percent?: number;
  outcome: VisitOutcome;
  /** Milliseconds until the provider has answered. */
  after: number;
  /** What those who got it do; each draws on its own. */
  reactions: readonly ReactionRule[];
}

export interface ReactionRule {
  is: Reaction['reaction']['is'];
  percent: number;
  /** Milliseconds after it was accepted. */
  after: number;
}

export interface SimulatedInstance {
  instance: Instance;
  trace: readonly TraceEntry[];
}

/** A message or a call that a step would have caused. */
export interface SimulatedMessage {
  instanceId: string;
  /** The business key of its instance. */
  key: string | null;
  person: number;
  profileId: string;
  step: string;
  visit: number;
  at: number;
  connectorId: string;
  channel?: string;
  operation: 'send' | 'upsert' | 'call';
  /** Missing where nothing could be made of it. */
  payload?: Record<string, unknown>;
  /** What became of it; where the window ended before: nothing yet. */
  outcome?: VisitOutcome;
}

/** What the persons of a page would have lived through. */
export interface SimulatedPage {
  /** Persons of whom something might have moved them, in their order. */
  persons: number;
  /** How many such persons there are in all. */
  of: number;
  instances: SimulatedInstance[];
  /** In the order of persons, of each in time. */
  messages: SimulatedMessage[];
  refusals: Refusal[];
  /** The last person; the next page begins after it. */
  after: number;
  done: boolean;
}
