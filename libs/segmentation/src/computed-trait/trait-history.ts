import { Injectable } from '@nestjs/common';
import { EventReader, type ProfileValues, setFlat } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { LookupStore } from '../lookup/lookup.store';
import { TurnMembers } from '../member/member-turn';
import { planOf } from '../stream/plan';
import { matchesOf } from '../stream/slot-matches';
import { answerTraits } from './trait-answers';
import { TraitLoader } from './trait-loader';

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
    const traits = await this.loader.load(tx, await this.loader.versions(tx));
    const plan = planOf([], zone, undefined, traits);
    await this.lookups.refresh(tx, plan.items);
    const events = await this.events.receivedBy(tx, profile.person, [...plan.slotsOf.keys()], until);
    const now = until.getTime();
    const matches = plan.slots.map((slot) => matchesOf(plan, slot, events));
    for (const { key } of traits) setFlat(profile.traits, key, undefined);
    const subject = {
      profile: { ...profile, lists: [], members: new TurnMembers() },
      matches: (slot: number) => matches[slot]!,
      names: new Set<string>(),
      changed: true,
      all: true,
    };
    return { ...profile, traits: answerTraits(plan, subject, now).traits };
  }
}
