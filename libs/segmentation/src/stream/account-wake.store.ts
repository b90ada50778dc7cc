import { Injectable } from '@nestjs/common';
import type { PersonHook } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { WakeStore } from './wake.store';

/** Members woken in one transaction. */
const MOST_MEMBERS = 1000;

/**
 * Accounts that changed, whose members are to be looked at again. The change only leaves a row, however many belong to
 * the account; the members follow a batch at a time.
 */
@Injectable()
export class AccountWakeStore implements PersonHook {
  constructor(private readonly wakes: WakeStore) {}

  /** No need to say when to look: the event that changed them is itself something to take up. */
  async accountsChanged(tx: Transaction, accounts: readonly string[], now: Date): Promise<void> {
    await tx.query(
      `INSERT INTO account_wake (workspace_id, account_id, at)
       SELECT $1, account_id, $3 FROM unnest($2::text[]) AS account_id ORDER BY account_id
       ON CONFLICT (workspace_id, account_id) DO UPDATE SET after_home = 0, at = excluded.at`,
      [tx.workspaceId, accounts, now],
    );
  }

  /**
   * Wake the next members of a changed account; how many rows that took up, 0 when no account waits.
   * @param needed false where no audience looks at accounts: then the change is of no matter
   */
  async expand(tx: Transaction, needed: boolean, now: Date): Promise<number> {
    // A row the applier holds is left to the next turn: it may itself wait for this transaction.
    const { rows } = await tx.query<{ account: string; after: number }>(
      `SELECT account_id AS account, after_home AS after FROM account_wake WHERE workspace_id = $1
       ORDER BY at LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [tx.workspaceId],
    );
    const [row] = rows;
    if (!row) return 0;
    const members = needed ? await this.members(tx, row) : [];
    await this.wakes.wake(
      tx,
      members.map(({ person }) => person),
      { kind: 'account' },
      now,
    );
    const last = members.at(-1)?.home;
    const key = [tx.workspaceId, row.account];
    if (last === undefined || members.length < MOST_MEMBERS)
      await tx.query('DELETE FROM account_wake WHERE workspace_id = $1 AND account_id = $2', key);
    else
      await tx.query('UPDATE account_wake SET after_home = $3 WHERE workspace_id = $1 AND account_id = $2', [
        ...key,
        last,
      ]);
    return members.length + 1;
  }

  private async members(
    tx: Transaction,
    { account, after }: { account: string; after: number },
  ): Promise<{ home: number; person: number }[]> {
    // A home is the node that founded a person, so its own row tells whose it is now.
    const { rows } = await tx.query<{ home: number; person: number }>(
      `SELECT m.home, n.person FROM account_member m
       JOIN identity_node n ON n.workspace_id = $1 AND n.node = m.home
       WHERE m.workspace_id = $1 AND m.account_id = $2 AND m.home > $3 ORDER BY m.home LIMIT ${MOST_MEMBERS}`,
      [tx.workspaceId, account, after],
    );
    return rows;
  }
}
