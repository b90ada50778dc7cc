import { canonicalJson } from '@percorso/kernel';
import type { Condition, PersonLeaf, WrittenLeaf } from '../definition/definition';
import { type AskCondition, askCondition } from '../stream/answer';
import { type Plan, planOf } from '../stream/plan';

/** Asked of what is kept: whether the person is a member. */
interface MembershipLeaf {
  kind: 'membership';
  audienceId: string;
}

/** A condition made ready to be asked of single persons. */
export interface PreparedCondition {
  /** Plans its leaves on persons. */
  plan: Plan;
  /** Events it looks at. */
  names: string[];
  /** Audiences of which it is asked who is a member; their answers follow those of the plan's leaves. */
  memberships: string[];
  ask: AskCondition;
}

/**
 * @param used definitions of audiences that it names, directly or not; of others, and of those that look at members of
 *   accounts, it is asked who is a member
 * @throws TypeError for conditions on members of accounts, and on a list that is nobody's
 */
export function prepareCondition(
  condition: Condition<WrittenLeaf>,
  used: ReadonlyMap<string, Condition<WrittenLeaf>>,
  zone: string,
): PreparedCondition {
  const leaves: PersonLeaf[] = [];
  const memberships: string[] = [];
  const inlined = inline(condition, undefined, used);
  visit(inlined, (leaf) => {
    if (leaf.kind === 'membership') memberships.push(leaf.audienceId);
    else leaves.push(leaf);
  });
  const where: Condition<PersonLeaf> = { kind: 'all', conditions: leaves };
  const plan = planOf([{ id: '', definitionVersion: 1, backfilledVersion: 1, where }], zone);
  // The plan holds leaves in the order in which they were met, equal ones once.
  const places = new Map(plan.leaves.map(({ leaf }, index) => [canonicalJson(leaf), index]));
  const ask = askCondition(inlined as Condition, (leaf) => {
    const asked = leaf as PersonLeaf | MembershipLeaf;
    return asked.kind === 'membership'
      ? plan.leaves.length + memberships.indexOf(asked.audienceId)
      : places.get(canonicalJson(leaf))!;
  });
  return { plan, names: [...plan.slotsOf.keys()], memberships, ask };
}

/** Audiences that a condition names. */
export function audiencesIn(condition: Condition<WrittenLeaf>): string[] {
  const found: string[] = [];
  visit(condition, (leaf) => {
    if (leaf.kind === 'audience') found.push(leaf.id);
  });
  return found;
}

function inline(
  condition: Condition<WrittenLeaf>,
  self: string | undefined,
  used: ReadonlyMap<string, Condition<WrittenLeaf>>,
): Condition<PersonLeaf | MembershipLeaf> {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return {
        kind: condition.kind,
        conditions: condition.conditions.map((inner) => inline(inner, self, used)),
      };
    case 'not':
      return { kind: 'not', condition: inline(condition.condition, self, used) };
    case 'audience': {
      const where = used.get(condition.id);
      return where && !asksMembers(where, used)
        ? inline(where, condition.id, used)
        : { kind: 'membership', audienceId: condition.id };
    }
    case 'imported':
      if (self === undefined) throw new TypeError('only an audience has a list');
      return { kind: 'list', audience: self };
    case 'accountMember':
      throw new TypeError('members of accounts are asked by audiences only');
    default:
      return condition;
  }
}

function asksMembers(
  condition: Condition<WrittenLeaf>,
  used: ReadonlyMap<string, Condition<WrittenLeaf>>,
): boolean {
  let asks = false;
  visit(condition, (leaf) => {
    asks ||= leaf.kind === 'accountMember';
    const inner = leaf.kind === 'audience' ? used.get(leaf.id) : undefined;
    asks ||= inner !== undefined && asksMembers(inner, used);
  });
  return asks;
}

function visit<L extends { kind: string }>(condition: Condition<L>, look: (leaf: L) => void): void {
  const part = condition as Condition<{ kind: 'leaf' }>;
  if (part.kind === 'not') visit(part.condition as unknown as Condition<L>, look);
  else if (part.kind === 'all' || part.kind === 'any') {
    for (const inner of part.conditions) visit(inner as unknown as Condition<L>, look);
  } else look(condition as L);
}
