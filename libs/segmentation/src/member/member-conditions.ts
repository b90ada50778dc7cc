import { contentHash } from '@percorso/kernel';
import { type Condition, type Definition, leavesOf, type PersonLeaf } from '../definition/definition';

/** A condition on members of accounts whose rows are kept: who satisfies it, in which account. */
export interface KeptCondition {
  id: number;
  /** Every row is there; before that only of those who were looked at since the filling began. */
  settled: boolean;
}

/** By key. */
export type KeptConditions = ReadonlyMap<string, KeptCondition>;

/** What a definition asks of the members of accounts, by key. */
export function memberConditionsOf({ where }: Definition, zone: string): Map<string, Condition<PersonLeaf>> {
  const conditions = new Map<string, Condition<PersonLeaf>>();
  for (const leaf of leavesOf(where)) {
    if (leaf.kind === 'accountMember') conditions.set(memberKeyOf(leaf.where, zone), leaf.where);
  }
  return conditions;
}

/** The same key means the same persons. */
export function memberKeyOf(where: Condition<PersonLeaf>, zone: string): string {
  // Elsewhere today is another day: a workspace that moves has other persons.
  const local = [...leavesOf(where)].some((leaf) => leaf.kind === 'calendar');
  return contentHash([where, local ? zone : null]);
}
