import type { ItemType } from '@percorso/ingest';
import { type ComputedValue, plainComputed } from './computed-values';
import { type Consent, plainConsent } from './consent';
import type { PersonEvent } from './event.reader';
import { flatten } from './flatten';
import { addSaying, countedTraits, emptyFragment, type Fragment } from './fragment';
import type { TraitRanks } from './merge-policy/trait-ranks';
import type { ProfileDocument } from './profile-document';
import type { ProfileValues } from './profile.reader';
import { plainTraits } from './said-trait';
import { type SaidItem, sayingOf } from './sayings';

/** An event with all that a profile is made of. */
export interface PastEvent extends PersonEvent {
  type: ItemType;
  sourceId: string;
  properties: Record<string, unknown>;
  context: Record<string, unknown>;
}

/** A profile as it is. */
export interface TodaysProfile {
  values: ProfileValues;
  document: ProfileDocument;
}

interface Seen {
  traits?: Record<string, unknown>;
  flat?: ProfileValues['traits'];
  consent?: Consent;
}

/** One profile as it was at any moment, told again from its events. Identities and accounts are those it has today. */
export class PastProfile {
  private fragment: Fragment;
  /** Events that the fragment holds. */
  private told = 0;
  /** What others see of it, made when it is first asked for. */
  private seen: Seen = {};

  /** @param events in the order in which they were received */
  constructor(
    private readonly today: TodaysProfile,
    readonly events: PastEvent[],
    private readonly ranks: TraitRanks,
  ) {
    this.fragment = this.nothing();
  }

  get person(): number {
    return this.today.values.person;
  }

  get profileId(): string {
    return this.today.values.id;
  }

  /** What conditions look at, by what was received until then (Unix milliseconds); without computed traits. */
  valuesAt(at: number): ProfileValues {
    this.tellUntil(at);
    return { ...this.today.values, traits: (this.seen.flat ??= flatten(this.traits)), consent: this.consent };
  }

  /** What mappings see. */
  documentAt(
    at: number,
    computed: ReadonlyMap<string, ComputedValue | undefined> = new Map(),
  ): ProfileDocument {
    this.tellUntil(at);
    const { groups, firstSeen, lastSeen } = this.fragment;
    return {
      ...this.today.document,
      traits: { ...this.traits, ...plainComputed(computed) },
      consent: this.consent,
      groups: [...groups].sort(),
      firstSeen,
      lastSeen,
    };
  }

  /** Those received until then, in the order in which they were. */
  eventsUntil(at: number): readonly PastEvent[] {
    return this.events.slice(0, this.countUntil(at));
  }

  /** One more event, which comes after those of its moment. */
  say(event: Omit<PastEvent, 'pos' | 'person'>): void {
    const place = this.countUntil(event.receivedAt.getTime());
    const pos = (this.events[place - 1]?.pos ?? 0) + 0.5;
    this.events.splice(place, 0, { ...event, person: this.person, pos });
    if (place < this.told) this.forget();
  }

  private get traits(): Record<string, unknown> {
    return (this.seen.traits ??= plainTraits(countedTraits(this.fragment.traits, this.ranks)));
  }

  private get consent(): Consent {
    return (this.seen.consent ??= plainConsent(this.fragment.consent));
  }

  private tellUntil(at: number): void {
    const count = this.countUntil(at);
    if (count < this.told) this.forget();
    for (; this.told < count; this.told++) {
      const saying = sayingOf(saidItem(this.events[this.told]!));
      addSaying(this.fragment, saying);
      if (saying.traits.length + saying.consent.length > 0) this.seen = {};
    }
  }

  private countUntil(at: number): number {
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.events[middle]!.receivedAt.getTime() <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private forget(): void {
    this.fragment = this.nothing();
    this.told = 0;
    this.seen = {};
  }

  private nothing(): Fragment {
    return emptyFragment(this.events[0]?.occurredAt ?? this.today.document.firstSeen);
  }
}

function saidItem({ type, name, properties, context, occurredAt, sourceId, pos }: PastEvent): SaidItem {
  return {
    sourceId,
    pos,
    item: {
      type,
      event: name,
      traits: type === 'identify' ? properties : undefined,
      properties,
      context,
      groupId: typeof properties.groupId === 'string' ? properties.groupId : undefined,
      timestamp: occurredAt,
    },
  };
}
