import { Injectable } from '@nestjs/common';
import type { PersonHook } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { WakeStore } from './wake.store';

/** Members woken in one transaction, and accounts looked through for it. */
const MOST_MEMBERS = 1000;
const MOST_ACCOUNTS = 200;

type Table = 'account_wake' | 'member_wake';

interface WaitingAccount {
  account: string;
  /** Members up to this home were woken. */
  after: number;
  /** It changed since they were. */
  again: boolean;
  /** Members to be woken, as far as one transaction can. */
  members: number;
}

/**
 * Accounts that changed, whose members are to be looked at again. The change only leaves a row, however many belong to
 * the account; the members follow a batch at a time.
 */
@Injectable()
export class AccountWakeStore implements PersonHook {
  constructor(private readonly wakes: WakeStore) {}

  /** No need to say when to look: the event that changed them is itself something to take up. */
  accountsChanged(tx: Transaction, accounts: readonly string[], now: Date): Promise<void> {
    return this.note(tx, 'account_wake', accounts, now);
  }

  /** The same where a member satisfies a condition now, or none any more. The caller keeps merges out. */
  membersChanged(tx: Transaction, accounts: readonly string[], now: Date): Promise<void> {
    return this.note(tx, 'member_wake', accounts, now);
  }

  /**
   * Wake the next members of changed accounts; how many rows that took up, 0 when no account waits.
   * @param needed false where no audience looks at accounts: then the change is of no matter
   */
  async expand(tx: Transaction, needed: boolean, now: Date): Promise<number> {
    const members = await this.expandFrom(tx, 'member_wake', needed, now);
    return members + (await this.expandFrom(tx, 'account_wake', needed, now));
  }

  private async note(tx: Transaction, table: Table, accounts: readonly string[], now: Date): Promise<void> {
    if (accounts.length === 0) return;
    await tx.query(
      `INSERT INTO ${table} AS w (workspace_id, account_id, at)
       SELECT $1, account_id, $3 FROM unnest($2::text[]) AS account_id ORDER BY account_id
       ON CONFLICT (workspace_id, account_id) DO UPDATE SET again = w.after_home > 0`,
      [tx.workspaceId, accounts, now],
    );
  }

  private async expandFrom(tx: Transaction, table: Table, needed: boolean, now: Date): Promise<number> {
    // A row the applier holds is left to the next turn: it may itself wait for this transaction.
    const { rows } = await tx.query<WaitingAccount>(
      `SELECT account_id AS account, after_home AS after, again,
         (SELECT count(*)::int FROM (SELECT FROM account_member m WHERE m.workspace_id = $1
           AND m.account_id = w.account_id AND m.home > w.after_home LIMIT ${MOST_MEMBERS} + 1) AS waiting) AS members
       FROM ${table} w WHERE workspace_id = $1 ORDER BY at LIMIT ${MOST_ACCOUNTS} FOR UPDATE SKIP LOCKED`,
      [tx.workspaceId],
    );
    const taken = needed ? fitting(rows) : rows;
    if (taken.length === 0) return 0;
    const members = needed ? await this.members(tx, taken) : [];
    await this.wakes.wake(
      tx,
      members.map(({ person }) => person),
      { kind: 'account' },
      now,
    );
    const last = new Map(members.map(({ account, home }) => [account, home]));
    const whole = taken.filter(
      ({ members: waiting, again }) => !needed || (waiting <= MOST_MEMBERS && !again),
    );
    await tx.query(`DELETE FROM ${table} WHERE workspace_id = $1 AND account_id = ANY($2::text[])`, [
      tx.workspaceId,
      whole.map(({ account }) => account),
    ]);
    for (const { account, members: waiting } of taken.filter((one) => !whole.includes(one))) {
      const ended = waiting <= MOST_MEMBERS;
      await tx.query(
        `UPDATE ${table} SET after_home = $3, again = again AND NOT $4
         WHERE workspace_id = $1 AND account_id = $2`,
        [tx.workspaceId, account, ended ? 0 : last.get(account), ended],
      );
    }
    return members.length + taken.length;
  }

  /** The first members of each that are not woken yet, in the order of their homes. */
  private async members(
    tx: Transaction,
    accounts: readonly WaitingAccount[],
  ): Promise<{ account: string; home: number; person: number }[]> {
    // A home is the node that founded a person, so its own row tells whose it is now.
    const { rows } = await tx.query<{ account: string; home: number; person: number }>(
      `SELECT a.account, m.home, n.person FROM unnest($2::text[], $3::int[]) AS a (account, after_home)
       CROSS JOIN LATERAL (SELECT home FROM account_member WHERE workspace_id = $1 AND account_id = a.account
         AND home > a.after_home ORDER BY home LIMIT ${MOST_MEMBERS}) AS m
       JOIN identity_node n ON n.workspace_id = $1 AND n.node = m.home ORDER BY a.account, m.home`,
      [tx.workspaceId, accounts.map(({ account }) => account), accounts.map(({ after }) => after)],
    );
    return rows;
  }
}

/** Those whose members one transaction has time for, the first in any case. */
function fitting(accounts: readonly WaitingAccount[]): WaitingAccount[] {
  let members = 0;
  return accounts.filter(({ members: own }, index) => {
    members += own;
    return index === 0 || members <= MOST_MEMBERS;
  });
}
