import { Injectable } from '@nestjs/common';
import { EventReader, type PersonEvent, ProfileReader, type ProfileValues } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import type { Condition, WrittenLeaf } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { DEFAULT_ZONE } from '../definition/zones';
import { ImportStore } from '../import/import.store';
import { LookupStore } from '../lookup/lookup.store';
import { MembershipStore } from '../membership/membership.store';
import { byPerson } from '../stream/cold-reader';
import { holdsFor } from './condition-answer';
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

/** What a definition says. */
interface Parsed {
  text: string;
  where: Condition<WrittenLeaf>;
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
  /** By the id of the audience. */
  private readonly parsed = new Map<string, Parsed>();

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
    const prepared = await this.prepare(tx, new Set(asked.map(({ condition }) => condition)));
    const facts = await this.read(tx, new Set(asked.map(({ person }) => person)), [...prepared.values()]);
    return asked.map(({ person, condition, at }) => {
      const profile = facts.profiles.get(person);
      if (!profile) return false;
      const own = {
        profile,
        lists: facts.lists.get(person) ?? [],
        memberships: facts.memberships.get(person) ?? NOWHERE,
        events: (facts.events.get(person) ?? []).filter(({ receivedAt }) => receivedAt <= at),
      };
      return holdsFor(prepared.get(condition)!, own, at.getTime());
    });
  }

  /** Conditions made ready for `holdsFor`, by what the audiences they name say now. */
  async prepare(
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
        const text = JSON.stringify(definition);
        const where = state === 'active' ? this.parse(id, text, definition) : undefined;
        if (!where) continue;
        versions.push(`${id} ${text}`);
        used.set(id, where);
        next.push(...audiencesIn(where));
      }
      open = [...new Set(next)].filter((id) => !used.has(id));
    }
    return { used, versions: versions.sort() };
  }

  /** What an audience says, parsed when it says something new only; undefined where it cannot be read. */
  private parse(id: string, text: string, definition: unknown): Condition<WrittenLeaf> | undefined {
    const known = this.parsed.get(id);
    if (known?.text === text) return known.where;
    const parsed = parseDefinition(definition);
    if (!parsed.ok) return undefined;
    if (this.parsed.size >= MOST_PARSED) this.parsed.clear();
    this.parsed.set(id, { text, where: parsed.definition.where });
    return parsed.definition.where;
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

const MOST_PARSED = 1000;

const NOWHERE: ReadonlySet<string> = new Set();
