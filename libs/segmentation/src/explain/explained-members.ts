import { Injectable } from '@nestjs/common';
import {
  EventReader,
  flatten,
  type PersonEvent,
  ProfileHistory,
  ProfileReader,
  type ProfileValues,
} from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { ImportStore } from '../import/import.store';
import { NOBODY } from '../member/member-match.store';
import type { ProfileFacts } from '../stream/profile-answer';
import type { ExplainedEvent } from './event-evidence';

/** Members of one account that are looked at for an explanation: those first of whom it is kept that they satisfy something. */
const MOST_MEMBERS = 200;

export interface ExplainedMember {
  profileId: string;
  profile: ProfileFacts;
  events: readonly ExplainedEvent[];
}

/** Reads the members of accounts for an explanation. */
@Injectable()
export class ExplainedMembers {
  constructor(
    private readonly profiles: ProfileReader,
    private readonly history: ProfileHistory,
    private readonly events: EventReader,
    private readonly imports: ImportStore,
  ) {}

  /**
   * Members by account, as of a moment.
   * @param names of the events that are looked at
   * @param past whether the moment is a past one
   */
  async of(
    tx: Transaction,
    accounts: readonly string[],
    names: readonly string[],
    { at, past }: { at: Date; past: boolean },
  ): Promise<Map<string, ExplainedMember[]>> {
    const rows = await this.persons(tx, accounts);
    const persons = [...new Set(rows.map(({ person }) => person))];
    const [profiles, lists, events] = [
      past ? await this.pastValues(tx, persons, at) : await this.values(tx, persons),
      await this.imports.listsOf(tx, persons),
      await this.events.ofPersons(tx, persons, names, Number.MAX_SAFE_INTEGER),
    ];
    const byAccount = new Map<string, ExplainedMember[]>();
    for (const { account, person } of rows) {
      const values = profiles.get(person);
      if (!values) continue;
      const profile = { ...values, lists: lists.get(person) ?? [], members: NOBODY };
      const own = events.filter((event) => event.person === person && event.receivedAt <= at).map(explained);
      const members = byAccount.get(account) ?? [];
      members.push({ profileId: values.id, profile, events: own });
      byAccount.set(account, members);
    }
    return byAccount;
  }

  private values(tx: Transaction, persons: readonly number[]): Promise<Map<number, ProfileValues>> {
    return this.profiles.values(tx, persons, { identities: true, accounts: true });
  }

  private async pastValues(
    tx: Transaction,
    persons: readonly number[],
    at: Date,
  ): Promise<Map<number, ProfileValues>> {
    const values = new Map<number, ProfileValues>();
    for (const person of persons) {
      const found = await this.history.values(tx, person, at);
      if (found) values.set(person, found);
    }
    return values;
  }

  private async persons(
    tx: Transaction,
    accounts: readonly string[],
  ): Promise<{ account: string; person: number }[]> {
    const { rows } = await tx.query<{ account: string; person: number }>(
      `SELECT a.account, f.person FROM unnest($2::text[]) AS a (account) CROSS JOIN LATERAL (
         SELECT person FROM (
           (SELECT m.person FROM member_condition c JOIN member_match m
              ON m.workspace_id = $1 AND m.condition_id = c.id AND m.account_id = a.account
            WHERE c.workspace_id = $1 AND c.state = 'settled' LIMIT ${MOST_MEMBERS})
           UNION
           (SELECT n.person FROM account_member m JOIN identity_node n ON n.workspace_id = $1 AND n.node = m.home
            WHERE m.workspace_id = $1 AND m.account_id = a.account LIMIT ${MOST_MEMBERS})) AS found) AS f
       ORDER BY a.account, f.person`,
      [tx.workspaceId, accounts],
    );
    return rows;
  }
}

const explained = (event: PersonEvent): ExplainedEvent => ({
  ...event,
  values: flatten(event.properties ?? {}),
});
