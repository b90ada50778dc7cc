import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { KeptCondition, KeptConditions } from './member-conditions';

/** Rows deleted in one transaction. */
const TIDIED = 5000;

/** Which conditions on members of accounts have rows of those who satisfy them. */
@Injectable()
export class MemberConditionStore {
  async kept(tx: Transaction): Promise<KeptConditions> {
    const { rows } = await tx.query<KeptCondition & { key: string }>(
      `SELECT key, id, state = 'settled' AS settled FROM member_condition
       WHERE workspace_id = $1 AND state <> 'retired' ORDER BY id`,
      [tx.workspaceId],
    );
    return new Map(rows.map(({ key, id, settled }) => [key, { id, settled }]));
  }

  /** Begin to keep rows, unless somebody has. From the next turn on whoever is looked at is asked. */
  async open(tx: Transaction, key: string): Promise<KeptCondition> {
    await tx.query(
      `INSERT INTO member_condition (workspace_id, key) VALUES ($1, $2)
       ON CONFLICT (workspace_id, key) WHERE state <> 'retired' DO NOTHING`,
      [tx.workspaceId, key],
    );
    const { rows } = await tx.query<KeptCondition>(
      `SELECT id, state = 'settled' AS settled FROM member_condition
       WHERE workspace_id = $1 AND key = $2 AND state <> 'retired'`,
      [tx.workspaceId, key],
    );
    return rows[0]!;
  }

  /** All rows are there. False when it was retired meanwhile: then they are not. */
  async settle(tx: Transaction, id: number): Promise<boolean> {
    const { rowCount } = await tx.query(
      `UPDATE member_condition SET state = 'settled' WHERE workspace_id = $1 AND id = $2 AND state <> 'retired'`,
      [tx.workspaceId, id],
    );
    return rowCount === 1;
  }

  /** Those that no audience asks for: from now on nobody keeps their rows. */
  async retire(tx: Transaction, ids: readonly number[]): Promise<void> {
    await tx.query(
      `UPDATE member_condition SET state = 'retired' WHERE workspace_id = $1 AND id = ANY($2::int[])`,
      [tx.workspaceId, ids],
    );
  }

  /** Delete some rows of retired ones, then these themselves; how many. */
  async tidy(tx: Transaction): Promise<number> {
    const { rowCount } = await tx.query(
      `DELETE FROM member_match WHERE workspace_id = $1 AND ctid = ANY(ARRAY(
         SELECT m.ctid FROM member_match m JOIN member_condition c ON c.workspace_id = $1 AND c.id = m.condition_id
         WHERE m.workspace_id = $1 AND c.state = 'retired' LIMIT ${TIDIED}))`,
      [tx.workspaceId],
    );
    if (rowCount) return rowCount;
    await tx.query(
      `DELETE FROM member_condition c WHERE workspace_id = $1 AND state = 'retired'
         AND NOT EXISTS (SELECT FROM member_match m WHERE m.workspace_id = $1 AND m.condition_id = c.id)`,
      [tx.workspaceId],
    );
    return 0;
  }
}
