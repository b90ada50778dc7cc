import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import { holdsOf } from '../stream/answer';
import type { Answers } from '../stream/answers';
import type { Asked, Plan } from '../stream/plan';
import type { MemberFacts, ProfileFacts } from '../stream/profile-answer';
import { MemberConditionStore } from './member-condition.store';
import { MemberMatchStore, NOBODY, type Said } from './member-match.store';

/** What a turn's persons are told of the members of their accounts, once that is known. */
export class TurnMembers implements MemberFacts {
  facts: MemberFacts = NOBODY;

  has(condition: number, account: string, except?: number): boolean {
    return this.facts.has(condition, account, except);
  }
}

/** What was found out of a person as a member of accounts; of the person asked last. */
export const saidOf = (
  questions: readonly Asked[],
  answers: Answers,
  profile: Pick<ProfileFacts, 'person' | 'groups'>,
): Said[] =>
  questions.flatMap((asked) =>
    'audience' in asked
      ? []
      : {
          ...{ condition: asked.id!, person: profile.person, groups: profile.groups },
          holds: holdsOf(answers.of(asked)),
        },
  );

/** What audiences ask of the members of accounts, in a turn. */
@Injectable()
export class MemberTurn {
  constructor(
    private readonly matches: MemberMatchStore,
    private readonly conditions: MemberConditionStore,
  ) {}

  /** Rows that this turn does not keep are right no longer. */
  async begin(tx: Transaction, plan: Plan): Promise<void> {
    if (plan.unasked.length > 0) await this.conditions.retire(tx, plan.unasked);
  }

  /**
   * Write down what was found out of members, have those woken to whom it makes a difference, and learn what the
   * members of `accounts` satisfy.
   * @param gone persons who are no more
   */
  async keep(
    tx: Transaction,
    plan: Plan,
    found: { said: readonly Said[]; gone: readonly number[]; accounts: readonly string[] },
    members: TurnMembers,
    now: Date,
  ): Promise<void> {
    if (plan.members.length === 0) return;
    const byId = new Map(plan.members.map((member) => [member.id, member]));
    const went = await this.matches.remove(tx, found.gone);
    const changes = [...went, ...(await this.matches.save(tx, found.said))];
    const settled = changes.filter(({ condition }) => byId.get(condition)?.settled);
    await this.matches.wake(tx, settled, (condition) => byId.get(condition)!.others, now);
    const asked = plan.programs.flatMap((program) => program.members.map(({ id }) => id!));
    members.facts = await this.matches.facts(tx, [...new Set(asked)], [...new Set(found.accounts)]);
  }
}
