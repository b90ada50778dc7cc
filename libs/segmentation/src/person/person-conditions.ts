import { Injectable } from '@nestjs/common';
import { EventReader, type PersonEvent, ProfileReader, type ProfileValues } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import type { Condition, WrittenLeaf } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { DEFAULT_ZONE } from '../definition/zones';
import { ImportStore } from '../import/import.store';
import { LookupStore } from '../lookup/lookup.store';
import { NOBODY } from '../member/member-match.store';
import { MembershipStore } from '../membership/membership.store';
import { answerOf, holdsOf } from '../stream/answer';
import { byPerson } from '../stream/cold-reader';
import type { ProfileFacts } from '../stream/profile-answer';
import { matchesOf } from '../stream/slot-matches';
import { audiencesIn, type PreparedCondition, prepareCondition } from './prepared-condition';

/** Does the condition hold for the person, at this moment and by the events received until then? */
export interface AskedCondition {
  person: number;
  condition: Condition<WrittenLeaf>;
  at: Date;
}

interface Prepared {
  signature: string;
  condition: PreparedCondition;
}

interface Facts {
  profiles: ReadonlyMap<number, ProfileValues>;
  lists: ReadonlyMap<number, readonly string[]>;
  memberships: ReadonlyMap<number, ReadonlySet<string>>;
  events: ReadonlyMap<number, readonly PersonEvent[]>;
}

/**
 * Answers conditions of single persons that no audience keeps: exact, from their profile as it is and their events.
 * Conditions must not look at members of accounts; an audience they name may, and then it is asked who is a member.
 */
@Injectable()
export class PersonConditions {
  private readonly prepared = new WeakMap<object, Prepared>();

  constructor(
    private readonly audiences: AudienceStore,
    private readonly profiles: ProfileReader,
    private readonly imports: ImportStore,
    private readonly memberships: MembershipStore,
    private readonly events: EventReader,
    private readonly lookups: LookupStore,
  ) {}

  /** One answer each, in their order; nothing holds for persons who are no more. */
  async holds(tx: Transaction, asked: readonly AskedCondition[]): Promise<boolean[]> {
    if (asked.length === 0) return [];
    const prepared = await this.prepareAll(tx, new Set(asked.map(({ condition }) => condition)));
    const facts = await this.read(tx, new Set(asked.map(({ person }) => person)), [...prepared.values()]);
    return asked.map(({ person, condition, at }) => {
      const profile = facts.profiles.get(person);
      return profile !== undefined && holdsFor(prepared.get(condition)!, profile, facts, at);
    });
  }

  private async prepareAll(
    tx: Transaction,
    conditions: ReadonlySet<Condition<WrittenLeaf>>,
  ): Promise<Map<Condition<WrittenLeaf>, PreparedCondition>> {
    const [zone, { used, versions }] = await Promise.all([
      this.audiences.zone(tx),
      this.usedBy(tx, [...conditions].flatMap(audiencesIn)),
    ]);
    const signature = JSON.stringify([zone, versions]);
    const all = new Map<Condition<WrittenLeaf>, PreparedCondition>();
    for (const condition of conditions) {
      const known = this.prepared.get(condition);
      const ready =
        known?.signature === signature
          ? known.condition
          : prepareCondition(condition, used, zone ?? DEFAULT_ZONE);
      this.prepared.set(condition, { signature, condition: ready });
      await this.lookups.refresh(tx, ready.plan.items);
      all.set(condition, ready);
    }
    return all;
  }

  /** Active audiences named by `ids`, and by those, and so on. */
  private async usedBy(
    tx: Transaction,
    ids: readonly string[],
  ): Promise<{ used: Map<string, Condition<WrittenLeaf>>; versions: string[] }> {
    const used = new Map<string, Condition<WrittenLeaf>>();
    const versions: string[] = [];
    for (let open = [...new Set(ids)]; open.length > 0;) {
      const found = await this.audiences.definitions(tx, open);
      const next: string[] = [];
      for (const { id, state, definition } of found) {
        const parsed = parseDefinition(definition);
        if (state !== 'active' || !parsed.ok) continue;
        versions.push(`${id} ${JSON.stringify(definition)}`);
        used.set(id, parsed.definition.where);
        next.push(...audiencesIn(parsed.definition.where));
      }
      open = [...new Set(next)].filter((id) => !used.has(id));
    }
    return { used, versions: versions.sort() };
  }

  private async read(
    tx: Transaction,
    asked: ReadonlySet<number>,
    conditions: readonly PreparedCondition[],
  ): Promise<Facts> {
    const persons = [...asked];
    const some = (of: (condition: PreparedCondition) => boolean): boolean => conditions.some(of);
    const names = [...new Set(conditions.flatMap((condition) => condition.names))];
    const [profiles, lists, memberships, events] = await Promise.all([
      this.profiles.values(tx, persons, {
        identities: some(({ plan }) => plan.looksAtIdentities),
        accounts: some(({ plan }) => plan.looksAtAccounts),
      }),
      some(({ plan }) => plan.looksAtLists)
        ? this.imports.listsOf(tx, persons)
        : new Map<number, readonly string[]>(),
      some(({ memberships: joined }) => joined.length > 0)
        ? this.memberships.membershipsOf(tx, persons)
        : new Map<number, ReadonlySet<string>>(),
      this.events.ofPersons(tx, persons, names, Number.MAX_SAFE_INTEGER),
    ]);
    return { profiles, lists, memberships, events: byPerson(events) };
  }
}

function holdsFor(
  { plan, memberships, ask }: PreparedCondition,
  profile: ProfileValues,
  facts: Facts,
  at: Date,
): boolean {
  const { person } = profile;
  const events = (facts.events.get(person) ?? []).filter(({ receivedAt }) => receivedAt <= at);
  const own: ProfileFacts = { ...profile, lists: facts.lists.get(person) ?? [], members: NOBODY };
  const matches = plan.slots.map((slot) => matchesOf(plan, slot, events));
  const asked = { profile: own, matches: (slot: number) => matches[slot]! };
  const joined = facts.memberships.get(person);
  return holdsOf(
    ask([
      ...plan.leaves.map((leaf) =>
        leaf.ask(asked, at.getTime(), leaf.slots[0] && matches[leaf.slots[0].index]),
      ),
      ...memberships.map((audience) => answerOf(joined?.has(audience) ?? false, Infinity)),
    ]),
  );
}
