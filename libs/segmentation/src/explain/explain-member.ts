import type { AccountMemberLeaf, Condition, WrittenLeaf, WrittenPersonLeaf } from '../definition/definition';
import { dueOf, holdsOf } from '../stream/answer';
import { answerAccount, type ProfileFacts } from '../stream/profile-answer';
import type { Explanation } from './explanation';

/** A person who belongs to accounts, and can be asked as their other members can. */
interface Member<Self> {
  profile: ProfileFacts;
  profileId: string;
  now: number;
  membersOf(account: string): { members: Self[]; more: boolean };
}

/** A member of one of the accounts, and what is to be said of it. */
interface Witness {
  accountId: string;
  profileId: string;
  where: Explanation;
  nextChangeAt: Date | null;
}

/** Which member makes the condition hold. Of others no more is told than their profile's id and what holds for them. */
export function explainMember<Person extends Member<Person>>(
  leaf: AccountMemberLeaf<WrittenPersonLeaf>,
  person: Person,
  pointer: string,
  explain: (condition: Condition<WrittenLeaf>, member: Person, pointer: string) => Explanation,
): Explanation {
  const { profile, now } = person;
  const place = `${pointer}/accountMember`;
  const witnesses: Witness[] = [];
  /** Of all that was looked at, when the first of it may change by time. */
  let next = Infinity;
  let incomplete = false;
  for (const [index, accountId] of profile.groups.entries()) {
    const accounts = [profile.accounts[index]!];
    const account = answerAccount({ kind: 'account', where: leaf.account }, accounts, now);
    next = Math.min(next, dueOf(account));
    if (!holdsOf(account)) continue;
    const { members, more } = person.membersOf(accountId);
    incomplete ||= more;
    for (const member of members) {
      if (leaf.others && member.profile.person === profile.person) continue;
      const where = explain(leaf.where, member, `${place}/where`);
      const until = Math.min(dueOf(account), where.nextChangeAt?.getTime() ?? Infinity);
      next = Math.min(next, until);
      if (where.holds)
        witnesses.push({ accountId, profileId: member.profileId, where, nextChangeAt: dateOf(until) });
    }
  }
  const found = lasting(witnesses);
  return {
    pointer: place,
    kind: leaf.kind,
    holds: found !== undefined,
    nextChangeAt: found ? found.nextChangeAt : dateOf(next),
    evidence: {
      total: witnesses.length,
      ...(incomplete && { incomplete }),
      ...(found && { accountId: found.accountId, profileId: found.profileId }),
    },
    ...(found && { conditions: [withoutEvidence(found.where)] }),
  };
}

/** While one that holds goes on to hold, the others change nothing. */
function lasting(witnesses: readonly Witness[]): Witness | undefined {
  const end = ({ nextChangeAt }: Witness): number => nextChangeAt?.getTime() ?? Infinity;
  return witnesses.reduce<Witness | undefined>(
    (best, one) => (best && end(best) >= end(one) ? best : one),
    undefined,
  );
}

function withoutEvidence({ evidence: _others, conditions, ...rest }: Explanation): Explanation {
  return { ...rest, ...(conditions && { conditions: conditions.map(withoutEvidence) }) };
}

const dateOf = (ms: number): Date | null => (Number.isFinite(ms) ? new Date(ms) : null);
