import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { EventReader, flatten, ProfileHistory, ProfileReader, type ProfileValues } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import { type Condition, leavesOf, type PersonLeaf, type WrittenLeaf } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { DEFAULT_ZONE } from '../definition/zones';
import { TraitHistory } from '../computed-trait/trait-history';
import { ImportStore } from '../import/import.store';
import { LookupStore } from '../lookup/lookup.store';
import { NOBODY } from '../member/member-match.store';
import { MembershipStore } from '../membership/membership.store';
import type { Plan } from '../stream/plan';
import { explainCondition, type ExplainedPerson, planOfLeaf } from './explain-condition';
import { ExplainedMembers } from './explained-members';
import type { Explanation } from './explanation';

export interface ExplainedMembership {
  audienceId: string;
  profileId: string;
  definitionVersion: number;
  /** The moment explained: events received by then, and its time. */
  at: Date;
  holds: boolean;
  /** Whether `holds` may be wrong: of some account not all members were looked at, and nobody was found. */
  incomplete: boolean;
  /** Whether the profile is a member today. */
  member: boolean;
  nextChangeAt: Date | null;
  where: Explanation;
}

interface Conditions {
  where: Condition<WrittenLeaf>;
  used: ReadonlyMap<string, Condition<WrittenLeaf>>;
}

/** Says, condition by condition, why a profile is in an audience or not, now or at a past moment. */
@Injectable()
export class ExplainService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly audiences: AudienceStore,
    private readonly memberships: MembershipStore,
    private readonly profiles: ProfileReader,
    private readonly history: ProfileHistory,
    private readonly traits: TraitHistory,
    private readonly events: EventReader,
    private readonly members: ExplainedMembers,
    private readonly imports: ImportStore,
    private readonly lookups: LookupStore,
  ) {}

  /** @throws Problem 404 for an audience or profile that is not there, 422 for a moment to come */
  async explain(
    workspaceId: string,
    audienceId: string,
    profileId: string,
    past?: Date,
  ): Promise<ExplainedMembership> {
    const now = this.clock.now();
    if (past && past > now) {
      throw Problem.invalid([{ pointer: '/at', code: 'future', message: 'must not lie in the future' }]);
    }
    const at = past ?? now;
    return this.database.snapshot(workspaceId, async (tx) => {
      const audience = await this.audiences.find(tx, audienceId);
      if (!audience) throw Problem.notFound('Audience');
      const zone = (await this.audiences.zone(tx)) ?? DEFAULT_ZONE;
      const [profile, conditions] = [
        await this.profileAt(tx, profileId, zone, past),
        await this.conditionsOf(tx, audience.definition),
      ];
      const wheres = [conditions.where, ...conditions.used.values()];
      const plans = await this.plansOf(tx, wheres, zone);
      const names = [...plans.values()].flatMap((plan) => [...plan.slotsOf.keys()]);
      const events = await this.events.receivedBy(tx, profile.person, names, at);
      const lists = await this.imports.listsOf(tx, [profile.person]);
      const members = wheres.some(asksMembers)
        ? await this.members.of(tx, profile.groups, names, { at, past: past !== undefined })
        : undefined;
      const person: ExplainedPerson = {
        profile: { ...profile, lists: lists.get(profile.person) ?? [], members: NOBODY },
        profileId,
        membersOf: (account) => {
          const { members: looked, more } = members?.get(account) ?? { members: [], more: false };
          return { members: looked.map((member) => ({ ...person, ...member })), more };
        },
        audienceId,
        events: events.map((event) => ({ ...event, values: flatten(event.properties ?? {}) })),
        now: at.getTime(),
        zone,
        plan: (leaf: PersonLeaf) => plans.get(leaf) ?? planOfLeaf(leaf, zone),
        audience: (id: string) => conditions.used.get(id),
      };
      const where = explainCondition(conditions.where, person);
      const member = await this.memberships.membershipsOf(tx, [profile.person]);
      return {
        audienceId,
        profileId,
        definitionVersion: audience.definitionVersion,
        at,
        holds: where.holds,
        incomplete: isIncomplete(where),
        member: member.get(profile.person)?.has(audienceId) ?? false,
        nextChangeAt: where.nextChangeAt,
        where,
      };
    });
  }

  /** Each leaf planned alone, with the items its lookups name. */
  private async plansOf(
    tx: Transaction,
    conditions: readonly Condition<WrittenLeaf>[],
    zone: string,
  ): Promise<Map<PersonLeaf, Plan>> {
    const plans = new Map<PersonLeaf, Plan>();
    for (const leaf of conditions.flatMap((condition) => [...leavesOf(condition)])) {
      if (leaf.kind === 'audience' || leaf.kind === 'imported' || leaf.kind === 'accountMember') continue;
      const plan = planOfLeaf(leaf, zone);
      await this.lookups.refresh(tx, plan.items);
      plans.set(leaf, plan);
    }
    return plans;
  }

  private async profileAt(
    tx: Transaction,
    profileId: string,
    zone: string,
    past?: Date,
  ): Promise<ProfileValues> {
    const { rows } = await tx.query<{ person: number }>(
      `SELECT person FROM profile WHERE workspace_id = $1 AND id = $2 AND state = 'active'`,
      [tx.workspaceId, profileId],
    );
    const person = rows[0]?.person;
    const found =
      person === undefined
        ? undefined
        : past
          ? (await this.history.values(tx, [person], past)).get(person)
          : (await this.profiles.values(tx, [person], { identities: true, accounts: true })).get(person);
    if (!found) throw Problem.notFound('Profile');
    return past ? this.traits.values(tx, found, zone, past) : found;
  }

  /** The definition, and those of all audiences it uses. */
  private async conditionsOf(tx: Transaction, source: object): Promise<Conditions> {
    const where = conditionOf(source);
    const used = new Map<string, Condition<WrittenLeaf>>();
    for (let open = usedBy(where); open.length > 0;) {
      const found = await this.audiences.definitions(tx, open);
      for (const { id, definition } of found) used.set(id, conditionOf(definition));
      open = found.flatMap(({ id }) => usedBy(used.get(id)!)).filter((id) => !used.has(id));
    }
    return { where, used };
  }
}

function conditionOf(source: object): Condition<WrittenLeaf> {
  const parsed = parseDefinition(source);
  if (parsed.ok) return parsed.definition.where;
  throw Problem.invalid(parsed.errors, 'The audience has a definition this release cannot read.');
}

/** Whether somebody who was not looked at could turn the answer. */
function isIncomplete({ kind, holds, evidence, conditions = [] }: Explanation): boolean {
  if (kind === 'accountMember') return evidence?.incomplete === true && !holds;
  const open = conditions.filter(isIncomplete);
  const decides = { any: true, all: false }[kind];
  return open.length > 0 && !conditions.some((one) => one.holds === decides && !open.includes(one));
}

const asksMembers = (where: Condition<WrittenLeaf>): boolean =>
  [...leavesOf(where)].some((leaf) => leaf.kind === 'accountMember');

const usedBy = (where: Condition<WrittenLeaf>): string[] =>
  [...leavesOf(where)].flatMap((leaf) => (leaf.kind === 'audience' ? [leaf.id] : []));
