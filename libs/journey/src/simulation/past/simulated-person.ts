import type { PastEvent, PastProfile } from '@percorso/profile';
import type { VisitOutcome } from '../../engine/protocol';
import type { OpenRead } from '../../runtime/intake/read.store';
import type { ResponseRule } from '../simulation';

/** One profile with all that a simulation knows of it. Times are in Unix milliseconds. */
export interface SimulatedPerson {
  past: PastProfile;
  /** Audiences whose list names it today. */
  lists: readonly string[];
  /** How it entered and left audiences, in that order, since ever. */
  changes: readonly PastChange[];
  /** Reads that would bring it, and when. */
  reads: readonly { at: number; read: OpenRead }[];
  /** When somebody said that it is to enter. */
  requests: readonly PastRequest[];
  /** How it really walked. */
  recorded: readonly RecordedInstance[];
  /** What becomes of its messages, where that is not said of all. */
  responses?: readonly ResponseRule[];
}

export interface PastChange {
  audienceId: string;
  op: 'enter' | 'exit';
  at: number;
  /** Only a definition that was made or edited shows it. */
  backfill: boolean;
  /** The hub set its own books right: nothing happened to the profile. */
  bookkeeping: boolean;
}

export interface PastRequest {
  at: number;
  kind: 'api' | 'jump';
  key: string | null;
  context: Record<string, unknown>;
}

export interface RecordedInstance {
  id: string;
  key: string | null;
  enteredAt: number;
  messages: readonly RecordedMessage[];
}

/** What became of a message. */
export interface RecordedMessage {
  step: string;
  visit: number;
  at: number;
  /** Undefined: nothing yet. */
  end?: { at: number; outcome: VisitOutcome };
  /** What its provider reported. */
  reports: readonly PastEvent[];
}
