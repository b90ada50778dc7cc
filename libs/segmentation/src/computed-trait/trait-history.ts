import { Injectable } from '@nestjs/common';
import { EventReader, type PersonEvent, type ProfileValues, setFlat } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { LookupStore } from '../lookup/lookup.store';
import { TurnMembers } from '../member/member-turn';
import { planOf } from '../stream/plan';
import { matchesOf } from '../stream/slot-matches';
import { answerTraits, copyOf, type TraitAnswers } from './trait-answers';
import { TraitLoader } from './trait-loader';

/** Computed traits of the past, by today's definitions. */
export interface PastTraits {
  keys: readonly string[];
  /** Events they look at. */
  names: readonly string[];
  /**
   * What they were at a moment (Unix milliseconds), and all of the profile's traits with them.
   * @param profile as its sources told it until then
   * @param events received until then
   */
  of(
    profile: ProfileValues,
    events: readonly PersonEvent[],
    at: number,
  ): Pick<TraitAnswers, 'changes' | 'traits'>;
}

/** Computed traits as they were. */
@Injectable()
export class TraitHistory {
  constructor(
    private readonly loader: TraitLoader,
    private readonly events: EventReader,
    private readonly lookups: LookupStore,
  ) {}

  /** The profile, as its sources told it until a moment, with what today's definitions say of the events until then. */
  async values(tx: Transaction, profile: ProfileValues, zone: string, until: Date): Promise<ProfileValues> {
    const past = await this.prepare(tx, zone);
    const events = await this.events.receivedBy(tx, profile.person, past.names, until);
    return { ...profile, traits: past.of(profile, events, until.getTime()).traits };
  }

  async prepare(tx: Transaction, zone: string): Promise<PastTraits> {
    const traits = await this.loader.load(tx, await this.loader.versions(tx));
    const plan = planOf([], zone, undefined, traits);
    await this.lookups.refresh(tx, plan.items);
    const keys = traits.map(({ key }) => key);
    return {
      keys,
      names: [...plan.slotsOf.keys()],
      of: (profile, events, at) => {
        if (keys.length === 0) return { changes: new Map(), traits: profile.traits };
        const matches = plan.slots.map((slot) => matchesOf(plan, slot, events));
        const traits = copyOf(profile.traits);
        for (const key of keys) setFlat(traits, key, undefined);
        const subject = {
          profile: { ...profile, traits, lists: [], members: new TurnMembers() },
          matches: (slot: number) => matches[slot]!,
          names: new Set<string>(),
          changed: true,
          all: true,
        };
        return answerTraits(plan, subject, at);
      },
    };
  }
}
