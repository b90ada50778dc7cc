import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

export interface StreamCursor {
  /** Every audience reflects the events up to here. */
  pos: number;
  nextWake: Date | null;
  /** Wakes due until then have a row. */
  horizon: Date | null;
  sweptAt: Date | null;
  /** The last turn, of whichever process. State kept in memory is that of one turn's end. */
  turn: number;
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
    const { rows } = await tx.query<{ pos: string; turn: string } & Omit<StreamCursor, 'pos' | 'turn'>>(
      `SELECT pos, turn, next_wake AS "nextWake", horizon, swept_at AS "sweptAt" FROM stream_cursor
       WHERE workspace_id = $1 AND partition = $2`,
      [tx.workspaceId, PARTITION],
    );
    const row = rows[0];
    return row
      ? { ...row, pos: Number(row.pos), turn: Number(row.turn) }
      : { pos: 0, nextWake: null, horizon: null, sweptAt: null, turn: 0 };
  }

  /** Note the position and the turn; when to wake next is read from the rows of this transaction. */
  async advance(tx: Transaction, pos: number): Promise<number> {
    const { rows } = await tx.query<{ turn: string }>(
      `INSERT INTO stream_cursor AS c (workspace_id, partition, pos, turn, next_wake)
       VALUES ($1, $2, $3, 1, least(
         (SELECT min(due_at) FROM profile_wake WHERE workspace_id = $1 AND due_at IS NOT NULL),
         (SELECT min(at) FROM account_wake WHERE workspace_id = $1)))
       ON CONFLICT (workspace_id, partition) DO UPDATE SET pos = excluded.pos, turn = c.turn + 1, next_wake = excluded.next_wake
       RETURNING turn`,
      [tx.workspaceId, PARTITION, pos],
    );
    return Number(rows[0]?.turn);
  }

  /** Have every process give up the state it keeps in memory. */
  async distrustState(tx: Transaction): Promise<void> {
    await tx.query('UPDATE stream_cursor SET turn = turn + 1 WHERE workspace_id = $1 AND partition = $2', [
      tx.workspaceId,
      PARTITION,
    ]);
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
