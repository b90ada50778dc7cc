import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

export interface StreamCursor {
  /** Every audience reflects the events up to here. */
  pos: number;
  nextWake: Date | null;
  /** Wakes due until then have a row. */
  horizon: Date | null;
  sweptAt: Date | null;
}

/** One log partition a workspace, as ingest writes it today. */
export const PARTITION = 0;

/** How far the incremental evaluation of a workspace has come. */
@Injectable()
export class StreamCursorStore {
  /** The right to change a workspace's memberships as of a position; false when another process has it. */
  async tryHold(tx: Transaction): Promise<boolean> {
    const { rows } = await tx.query<{ held: boolean }>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS held',
      [lockKey(tx)],
    );
    return rows[0]?.held === true;
  }

  /** Wait for that right. */
  async hold(tx: Transaction): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lockKey(tx)]);
  }

  async read(tx: Transaction): Promise<StreamCursor> {
    const { rows } = await tx.query<{ pos: string } & Omit<StreamCursor, 'pos'>>(
      `SELECT pos, next_wake AS "nextWake", horizon, swept_at AS "sweptAt" FROM stream_cursor
       WHERE workspace_id = $1 AND partition = $2`,
      [tx.workspaceId, PARTITION],
    );
    const row = rows[0];
    return row ? { ...row, pos: Number(row.pos) } : { pos: 0, nextWake: null, horizon: null, sweptAt: null };
  }

  /** Note the position; when to wake next is read from the rows of this transaction. */
  async advance(tx: Transaction, pos: number): Promise<void> {
    await tx.query(
      `INSERT INTO stream_cursor AS c (workspace_id, partition, pos, next_wake)
       VALUES ($1, $2, $3, least(
         (SELECT min(due_at) FROM profile_wake WHERE workspace_id = $1 AND due_at IS NOT NULL),
         (SELECT min(at) FROM account_wake WHERE workspace_id = $1)))
       ON CONFLICT (workspace_id, partition) DO UPDATE SET pos = excluded.pos, next_wake = excluded.next_wake`,
      [tx.workspaceId, PARTITION, pos],
    );
  }

  /** Somebody is to be woken at `at`: look no later. */
  async wakeBy(tx: Transaction, at: Date): Promise<void> {
    await tx.query(
      `INSERT INTO stream_cursor AS c (workspace_id, partition, next_wake) VALUES ($1, $2, $3)
       ON CONFLICT (workspace_id, partition) DO UPDATE SET next_wake = least(c.next_wake, excluded.next_wake)`,
      [tx.workspaceId, PARTITION, at],
    );
  }

  async setHorizon(tx: Transaction, horizon: Date): Promise<void> {
    await tx.query(
      `INSERT INTO stream_cursor AS c (workspace_id, partition, horizon) VALUES ($1, $2, $3)
       ON CONFLICT (workspace_id, partition) DO UPDATE SET horizon = greatest(c.horizon, excluded.horizon)`,
      [tx.workspaceId, PARTITION, horizon],
    );
  }

  async swept(tx: Transaction, at: Date): Promise<void> {
    await tx.query('UPDATE stream_cursor SET swept_at = $3 WHERE workspace_id = $1 AND partition = $2', [
      tx.workspaceId,
      PARTITION,
      at,
    ]);
  }
}

const lockKey = (tx: Transaction): string => `percorso:stream:${tx.workspaceId}`;
