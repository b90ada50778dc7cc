import type { Entry } from '../../definition/definition';
import type { JourneyEvent } from '../../engine/instance';
import type { Command, TraceEntry } from '../../engine/protocol';
import type { RefusalCode, Room } from './admission';
import type { Arrival } from '../intake/arrivals';
import type { FactFinder } from './fact-finder';
import type { KeptInstance } from '../keep/instance.store';
import type { JourneyPlan, LiveEntry } from '../plan/journey-plan';

/** What holds for everybody in a turn. */
export interface TurnScope {
  plan: JourneyPlan;
  facts: FactFinder;
  room: Room;
  /** Unix milliseconds. */
  now: number;
  /** What is due later is not yet to be taken up: something may still come before it. */
  horizon: number;
  /** Advances that one person's timers may make. */
  mostTimers: number;
  /** What a new instance is called. */
  newId: (entering: NewInstance) => string;
  /** What comes of a step's command by itself, and when: in a simulation, where nobody is told from outside. */
  answer?: (one: Moved, command: Command, at: number) => Promise<Arrival[]>;
  /** How many times shorter waits of a marked profile are; undefined: it is not marked. */
  speedOf: (journeyId: string, person: number) => number | undefined;
}

export interface NewInstance {
  journeyId: string;
  person: number;
  key: string | null;
  enteredAt: number;
}

/** One person, as read. */
export interface Subject {
  person: number;
  /** Undefined: it has none any more. */
  profileId?: string;
  /** Those on their way, and those that have ended and may still reach the goal by what arrives. */
  instances: KeptInstance[];
  /** When it entered each journey last, see `entryKey`; Unix milliseconds. */
  lastEntries: ReadonlyMap<string, number>;
  /** In their order. */
  arrivals: readonly Arrival[];
  /** Some wait of it was found to be due. */
  due: boolean;
}

export const entryKey = (journeyId: string, key: string | null): string => `${journeyId} ${key ?? ''}`;

/** An instance that something happened to. */
export interface Moved extends KeptInstance {
  fresh: boolean;
  /** Whether it takes room where the journey has a cap: who begins anew has it already. */
  counted: boolean;
  commands: { command: Command; at: number }[];
  trace: TraceEntry[];
}

export interface Refusal {
  journeyId: string;
  version: number;
  person: number;
  at: number;
  code: RefusalCode;
}

/** What was decided of a request, to be told to who asked. */
export interface Decision {
  n: string;
  code: 'entered' | RefusalCode;
  instanceId?: string;
}

/** An audience that is to be read because of an event. */
export interface StartedRead {
  live: LiveEntry<Extract<Entry, { kind: 'business' }>>;
  event: JourneyEvent;
}

export type HeldOutcome = Arrival & { kind: 'outcome' };
