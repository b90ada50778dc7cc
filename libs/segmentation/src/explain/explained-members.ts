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

/** Members of an account, as many as are looked at. */
export interface AccountMembers {
  members: ExplainedMember[];
  /** Whether one who satisfies a condition may be among those who were not. */
  more: boolean;
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
  ): Promise<Map<string, AccountMembers>> {
    const rows = await this.persons(tx, accounts);
    const persons = [...new Set(rows.map(({ person }) => person))];
    const [profiles, lists, events] = [
      past ? await this.history.values(tx, persons, at) : await this.values(tx, persons),
      await this.imports.listsOf(tx, persons),
      await this.events.ofPersons(tx, persons, names, Number.MAX_SAFE_INTEGER),
    ];
    const large = await this.large(tx, accounts, past);
    const byAccount = new Map<string, AccountMembers>();
    for (const { account, person } of rows) {
      const values = profiles.get(person);
      if (!values) continue;
      const profile = { ...values, lists: lists.get(person) ?? [], members: NOBODY };
      const own = events.filter((event) => event.person === person && event.receivedAt <= at).map(explained);
      const looked = byAccount.get(account) ?? { members: [], more: large.has(account) };
      looked.members.push({ profileId: values.id, profile, events: own });
      byAccount.set(account, looked);
    }
    return byAccount;
  }

  private values(tx: Transaction, persons: readonly number[]): Promise<Map<number, ProfileValues>> {
    return this.profiles.values(tx, persons, { identities: true, accounts: true });
  }

  /** Accounts of which not all who matter are looked at. Of now it is kept who satisfies what; of the past it is not. */
  private async large(tx: Transaction, accounts: readonly string[], past: boolean): Promise<Set<string>> {
    const many = (from: string): string =>
      `(SELECT count(*) FROM (SELECT FROM ${from} LIMIT ${MOST_MEMBERS + 1}) AS few) > ${MOST_MEMBERS}`;
    const kept = `member_match m WHERE m.workspace_id = $1 AND m.account_id = a.account`;
    const { rows } = await tx.query<{ account: string }>(
      `SELECT a.account FROM unnest($2::text[]) AS a (account)
       WHERE ${many('account_member m WHERE m.workspace_id = $1 AND m.account_id = a.account')}
         AND ($3 OR ${many(kept)}
           OR EXISTS (SELECT FROM member_condition WHERE workspace_id = $1 AND state <> 'settled'))`,
      [tx.workspaceId, accounts, past],
    );
    return new Set(rows.map((row) => row.account));
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
