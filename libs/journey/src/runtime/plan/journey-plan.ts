import type { Entry, JourneyDefinition } from '../../definition/definition';
import { nothingWatched, watchEntries, watchWalk } from './watched';

export type JourneyState = 'draft' | 'test' | 'live' | 'paused' | 'draining' | 'stopped';

/** A journey that somebody may enter or is on, or whose goal still counts though it is stopped or a draft again. */
export interface PlannedJourney {
  id: string;
  name: string;
  state: JourneyState;
  /** What entries are taken into; undefined: none are. */
  live?: PlannedVersion;
  /** How long it was paused so far, in milliseconds. */
  pausedMs: number;
}

export interface PlannedVersion {
  journeyId: string;
  version: number;
  /** What was received before starts nothing. */
  publishedAt: Date;
  definition: JourneyDefinition;
}

/** An entry of a live version. */
export interface LiveEntry<E extends Entry = Entry> {
  journey: PlannedJourney;
  version: PlannedVersion;
  index: number;
  entry: E;
}

type EventEntry = Extract<Entry, { kind: 'event' | 'business' }>;
type AudienceEntry = Extract<Entry, { kind: 'audience' }>;

/** What a workspace's journeys are, and what of the logs concerns them. */
export class JourneyPlan {
  /** Events that are read. */
  readonly names: readonly string[];
  /** Audiences whose changes are read. */
  readonly audiences: readonly string[];
  private readonly byName = new Map<string, LiveEntry<EventEntry>[]>();
  private readonly byAudience = new Map<string, LiveEntry<AudienceEntry>[]>();
  /** Journeys by what their goal watches for. */
  private readonly goals = {
    event: new Map<string, Set<string>>(),
    audience: new Map<string, Set<string>>(),
  };

  constructor(
    readonly journeys: ReadonlyMap<string, PlannedJourney>,
    /** Those that can be read. */
    readonly versions: ReadonlyMap<string, PlannedVersion>,
    channels: readonly string[],
    /** An IANA name. */
    readonly zone: string,
  ) {
    const watched = nothingWatched();
    for (const { journeyId, definition } of versions.values()) {
      watchWalk(definition, channels, watched);
      this.noteGoal(journeyId, definition.goal);
    }
    for (const live of this.liveEntries()) {
      const { entry } = live;
      if (entry.kind === 'event' || entry.kind === 'business')
        push(this.byName, entry.event.name, live as LiveEntry<EventEntry>);
      if (entry.kind === 'audience')
        push(this.byAudience, entry.audience.id, live as LiveEntry<AudienceEntry>);
      watchEntries([entry], watched);
    }
    this.names = [...watched.names];
    this.audiences = [...watched.audiences];
  }

  get isEmpty(): boolean {
    return this.journeys.size === 0;
  }

  version(journeyId: string, version: number): PlannedVersion | undefined {
    return this.versions.get(`${journeyId} ${version}`);
  }

  /** From when on what is received may start something. Older versions start nothing, whenever they were published. */
  get since(): Date {
    const live = [...this.journeys.values()].flatMap((journey) => journey.live ?? []);
    return new Date(live.length > 0 ? Math.min(...live.map(({ publishedAt }) => publishedAt.getTime())) : 0);
  }

  startedByEvent(name: string): readonly LiveEntry<EventEntry>[] {
    return this.byName.get(name) ?? [];
  }

  startedByAudience(id: string): readonly LiveEntry<AudienceEntry>[] {
    return this.byAudience.get(id) ?? [];
  }

  /** Journeys whose goal it may be. */
  reachedByEvent(name: string): readonly string[] {
    return [...(this.goals.event.get(name) ?? [])];
  }

  reachedByAudience(id: string): readonly string[] {
    return [...(this.goals.audience.get(id) ?? [])];
  }

  private noteGoal(journeyId: string, goal: JourneyDefinition['goal']): void {
    if (!goal) return;
    const [map, of] =
      'event' in goal.watch
        ? [this.goals.event, goal.watch.event.name]
        : [this.goals.audience, goal.watch.audience.id];
    map.set(of, (map.get(of) ?? new Set()).add(journeyId));
  }

  liveEntries(): LiveEntry[] {
    return [...this.journeys.values()].flatMap((journey) => {
      const { live } = journey;
      return live
        ? live.definition.entries.map((entry, index) => ({ journey, version: live, index, entry }))
        : [];
    });
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
