import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '@percorso/storage';

export interface HookRow {
  id: string;
  created_at: Date;
  last_used_at: Date | null;
}

export interface CalledHook {
  workspaceId: string;
  connectorId: string;
  id: string;
}

const HOUR = `interval '1 hour'`;

export const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

@Injectable()
export class HookStore {
  constructor(private readonly database: Database) {}

  /** The hook of a called address, before its workspace is known: a policy opens exactly that one row. */
  async find(token: string): Promise<CalledHook | undefined> {
    const hash = digestOf(token);
    return this.database.control(async (tx) => {
      await tx.query(`SELECT set_config('percorso.called_hook', $1, true)`, [hash.toString('hex')]);
      const { rows } = await tx.query<CalledHook>(
        `SELECT workspace_id AS "workspaceId", connector_id AS "connectorId", id FROM connector_hook WHERE token_hash = $1`,
        [hash],
      );
      return rows[0];
    });
  }

  async insert(tx: Transaction, connectorId: string, id: string, token: string, now: Date): Promise<void> {
    await tx.query(
      `INSERT INTO connector_hook (workspace_id, id, connector_id, token_hash, created_at) VALUES ($1, $2, $3, $4, $5)`,
      [tx.workspaceId, id, connectorId, digestOf(token), now],
    );
  }

  /** Oldest first. */
  async list(tx: Transaction, connectorId: string): Promise<HookRow[]> {
    const { rows } = await tx.query<HookRow>(
      `SELECT id, created_at, last_used_at FROM connector_hook WHERE workspace_id = $1 AND connector_id = $2 ORDER BY id`,
      [tx.workspaceId, connectorId],
    );
    return rows;
  }

  /** Whether there was one. */
  async remove(tx: Transaction, connectorId: string, id: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      'DELETE FROM connector_hook WHERE workspace_id = $1 AND connector_id = $2 AND id = $3',
      [tx.workspaceId, connectorId, id],
    );
    return rowCount === 1;
  }

  async wasTaken({ workspaceId, connectorId }: CalledHook, digest: Buffer): Promise<boolean> {
    const rows = await this.database.statement(
      workspaceId,
      'SELECT 1 FROM receipt_taken WHERE workspace_id = $1 AND connector_id = $2 AND digest = $3',
      [workspaceId, connectorId, digest],
    );
    return rows.length > 0;
  }

  async take({ workspaceId, connectorId, id }: CalledHook, digest: Buffer, now: Date): Promise<void> {
    await this.database.tx(workspaceId, async (tx) => {
      await tx.query(
        `INSERT INTO receipt_taken (workspace_id, connector_id, digest, taken_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING`,
        [workspaceId, connectorId, digest, now],
      );
      await tx.query(
        `UPDATE connector_hook SET last_used_at = $3
          WHERE workspace_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3::timestamptz - ${HOUR})`,
        [workspaceId, id, now],
      );
    });
  }

  /** Forgets some receipts taken before `before`; how many. */
  async forget(workspaceId: string, before: Date, limit: number): Promise<number> {
    return this.database.tx(workspaceId, async (tx) => {
      const { rowCount } = await tx.query(
        `DELETE FROM receipt_taken WHERE workspace_id = $1 AND ctid = ANY (ARRAY(
           SELECT ctid FROM receipt_taken WHERE workspace_id = $1 AND taken_at < $2 LIMIT $3))`,
        [workspaceId, before, limit],
      );
      return rowCount ?? 0;
    });
  }
}
