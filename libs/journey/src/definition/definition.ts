import type { Condition, EventSelector, WrittenLeaf } from '@percorso/segmentation';

/**
 * A journey as the engine sees it: every duration in milliseconds, every share in hundredths of a percent, defaults
 * filled in. How it is written, and what it means, is set down in this lib's README.
 */
export interface JourneyDefinition {
  version: 1;
  /** Dotted path into the entry event's properties: one profile may be inside once for each value found there. */
  key?: string;
  entries: Entry[];
  /** Who may enter. */
  where?: ProfileCondition;
  reentry: Reentry;
  caps: Caps;
  /** Of journeys that share a group, a profile is in the one with the highest priority only. */
  group?: { name: string; priority: number };
  /** Events received this long after they occurred, or longer, start nothing and move nobody. */
  lateMs: number;
  /** Which instance goes on when two profiles that are inside with the same key become one. */
  merge: 'oldest' | 'newest' | 'none';
  /** Share of those who enter that is followed for the conversion window and gets nothing. */
  holdout: number;
  /** Reached wherever the profile waits. `withinMs`: the conversion window, from entry. */
  goal?: { watch: Watch; ends: boolean; withinMs: number };
  /** Leaves at once, wherever the profile waits. */
  exits: Watch[];
  start: string;
  /** By id, in the order they were written. */
  steps: Record<string, Step>;
}

export type ProfileCondition = Condition<WrittenLeaf>;

export type Entry =
  /** An event of the profile; `backfill`: also one that arrives with an import of the past. */
  | { kind: 'event'; event: EventWatch; backfill: boolean }
  /** The profile enters or leaves an audience; `backfill`: also when the audience was just made or edited. */
  | { kind: 'audience'; audience: AudienceWatch; backfill: boolean }
  /** All members of an audience, or those who joined since the last read, at a set rate. */
  | { kind: 'read'; audienceId: string; when: ReadTime; only: 'all' | 'new'; perSecond: number }
  /** An event of whomever that concerns a whole audience. */
  | { kind: 'business'; event: EventWatch; audienceId: string; perSecond: number }
  /** A call of the API. */
  | { kind: 'api' };

export type ReadTime = { cron: string; zone?: string } | { afterEvaluation: true };

export type Reentry =
  /** As soon as the profile is no longer inside. */
  | { kind: 'always' }
  | { kind: 'once' }
  /** Not before this time has passed since the last entry. */
  | { kind: 'after'; ms: number };

export interface Caps {
  /** Entries in all. */
  total?: number;
  /** Entries a day, of UTC. */
  perDay?: number;
}

/** What may come from outside. */
export type Watch = { event: EventWatch } | { audience: AudienceWatch };

export interface EventWatch extends EventSelector {
  /** Where the event has the key, if not where the journey says. In a journey without a key it is not looked at. */
  key?: string;
}

export interface AudienceWatch {
  id: string;
  on: 'enter' | 'exit';
}

/** Where `next` is missing the branch, the loop's turn or the journey ends. */
export type Step =
  | SendStep
  | CallStep
  | WaitStep
  | AwaitStep
  | BranchStep
  | SplitStep
  | ParallelStep
  | LoopStep
  | UpdateStep
  | JumpStep
  | EndStep;

export type StepKind = Step['kind'];

interface Common {
  next?: string;
}

/** What JSONata makes of the journey's input document. A place for templates to come. */
export interface Content {
  jsonata: string;
}

export interface SendStep extends Common {
  kind: 'send';
  connectorId: string;
  content: Content;
  priority: 'transactional' | 'bulk';
  /** Where to go when the message was rejected, suppressed or dropped. With it the step waits for what became of it. */
  failed?: string;
}

export interface CallStep extends Common {
  kind: 'call';
  connectorId: string;
  content: Content;
  /** Names in the context, and the JSONata over `{response, context}` that gives their values. */
  into: Record<string, string>;
  timeoutMs: number;
  /** @default where `next` leads */
  failed?: string;
  /** @default where `failed` leads */
  timedOut?: string;
}

export interface WaitStep extends Common {
  kind: 'wait';
  until: WaitUntil;
}

export type WaitUntil =
  | { for: number }
  /** An instant. */
  | { at: number }
  /** The instant a JSONata expression gives; in the past, missing or no date: at once. */
  | { jsonata: string }
  /** The next time the clock on the wall shows it, on one of the weekdays (1 Monday to 7 Sunday). */
  | { time: LocalTime; weekdays: number[]; zone?: Zone };

export interface LocalTime {
  hour: number;
  minute: number;
}

/** By name, or as a trait names it; the workspace's where that is missing or none. */
export type Zone = { name: string } | { trait: string };

/** Waits for the first of several things to happen. */
export interface AwaitStep extends Common {
  kind: 'await';
  arms: AwaitArm[];
  timeoutMs?: number;
  /** Where to go then. @default where `next` leads */
  timedOut?: string;
}

export interface AwaitArm {
  for: Watch | Reaction;
  /** @default where the step's `next` leads */
  next?: string;
  /** Name in the context under which the event's properties are kept. */
  as?: string;
}

/** What a provider reports of the message that a step of this journey sent last. */
export interface Reaction {
  reaction: {
    to: string;
    is: 'delivered' | 'opened' | 'clicked' | 'bounced' | 'complained' | 'unsubscribed';
  };
}

/** The first arm that holds; none: `next`. */
export interface BranchStep extends Common {
  kind: 'branch';
  arms: { where: ProfileCondition | ContextTest; next?: string }[];
}

/** JSONata over the journey's input document; holds when it gives true. */
export interface ContextTest {
  jsonata: string;
}

/** The same profile always takes the same arm of a split with the same salt; what the shares leave open takes `next`. */
export interface SplitStep extends Common {
  kind: 'split';
  arms: { name: string; share: number; next?: string }[];
  /** @default the journey's id and the step's, so that no two splits draw the same unless they say so */
  salt?: string;
}

/** Each branch is walked on its own. `next` follows when all, or the first, have ended; the others then stop. */
export interface ParallelStep extends Common {
  kind: 'parallel';
  branches: string[];
  join: 'all' | 'any';
}

/** The body is walked while the condition holds, but so many times at most. */
export interface LoopStep extends Common {
  kind: 'loop';
  body: string;
  times: number;
  while?: ProfileCondition | ContextTest;
}

export interface UpdateStep extends Common {
  kind: 'update';
  /** Trait names and the JSONata that gives their values. */
  traits: Record<string, string>;
  consent: { channel: string; topic?: string; is: 'granted' | 'denied' }[];
  /** Audiences with an uploaded list that the profile is put on or taken off. */
  lists: { audienceId: string; op: 'add' | 'remove' }[];
  /** Names in the context and the JSONata that gives their values. */
  context: Record<string, string>;
}

/** The instance ends and the profile enters another journey by its `api` entry, with the same key. */
export interface JumpStep {
  kind: 'jump';
  journeyId: string;
  /** Names in the other's context and the JSONata that gives their values. */
  context: Record<string, string>;
}

/** The whole instance ends, other branches too. */
export interface EndStep {
  kind: 'end';
  reason?: string;
}
