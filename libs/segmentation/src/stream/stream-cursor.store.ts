import { Injectable } from '@nestjs/common';
import { type Held, lockLeases, type Transaction } from '@percorso/storage';
import { isEverybody, type Shard } from './shard';

/** How far one partition of a workspace's persons has come. */
export interface StreamCursor {
  partition: number;
  /** Every audience reflects the events of the partition's persons up to here. */
  pos: number;
  nextWake: Date | null;
  /** Wakes due until then have a row. */
  horizon: Date | null;
  /** The last turn, of whichever process. State kept in memory is that of one turn's end. */
  turn: number;
}

/** How far all persons have come. */
export interface StreamProgress {
  /** The lowest position. */
  pos: number;
  /** The position of each partition. */
  positions: number[];
  /** The earliest. */
  nextWake: Date | null;
  horizon: Date | null;
  sweptAt: Date | null;
}

/** What a turn may work on: its partitions, locked until the transaction ends. */
export interface Taken {
  cursors: StreamCursor[];
  /** Partitions the workspace has. */
  of: number;
  /** Members of changed accounts are to be woken, and it is for the holder of these partitions to do so. */
  accountsWait: boolean;
}

/** One log partition a workspace, as ingest writes it today. */
export const LOG_PARTITION = 0;

/** The partitions there are; one before any lease was given. */
const PARTITIONS = `(SELECT partition FROM lease WHERE workspace_id = $1 AND kind = 'stream' UNION SELECT 0::smallint)`;

/** How far the incremental evaluation of a workspace has come, by partition of its persons. */
@Injectable()
export class StreamCursorStore {
  /**
   * The right to take a turn; false while somebody holds all partitions. With `alone` it is the right to hold all of them,
   * false while anybody takes a turn.
   */
  async tryTurn(tx: Transaction, alone: boolean): Promise<boolean> {
    const { rows } = await tx.query<{ granted: boolean }>(
      `SELECT pg_try_advisory_xact_lock${alone ? '' : '_shared'}(hashtextextended($1, 0)) AS granted`,
      [lockKey(tx)],
    );
    return rows[0]?.granted === true;
  }

  /** Wait for the right to change the workspace's memberships as of a position: no partition moves until the transaction ends. */
  async hold(tx: Transaction): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lockKey(tx)]);
  }

  /** Take partitions for a turn: those of `held` that still are this process's, or all where it is alone. */
  async take(tx: Transaction, held?: readonly Held[]): Promise<Taken> {
    const locking = held && lockLeases(tx, 'stream', held);
    const reading = tx.query<{
      partition: number;
      pos: string;
      turn: string;
      nextWake: Date | null;
      horizon: Date | null;
      accountsWait: boolean;
    }>(
      `SELECT partition, coalesce(c.pos, 0) AS pos, coalesce(c.turn, 0) AS turn, c.next_wake AS "nextWake", c.horizon,
         EXISTS (SELECT FROM account_wake WHERE workspace_id = $1)
           OR EXISTS (SELECT FROM member_wake WHERE workspace_id = $1) AS "accountsWait"
       FROM ${PARTITIONS} p LEFT JOIN (SELECT * FROM stream_cursor WHERE workspace_id = $1) c USING (partition)
       ORDER BY partition`,
      [tx.workspaceId],
    );
    // In this order: what is read is read under the locks.
    const [locked, { rows }] = await Promise.all([locking, reading]);
    const mine = locked && new Set(locked);
    const own = rows.filter(({ partition }) => !mine || mine.has(partition));
    return {
      cursors: own.map(({ accountsWait: _, ...row }) => ({
        ...row,
        pos: Number(row.pos),
        turn: Number(row.turn),
      })),
      of: rows.length,
      accountsWait: own.some(({ partition, accountsWait }) => partition === 0 && accountsWait),
    };
  }

  async read(tx: Transaction): Promise<StreamProgress> {
    const { rows } = await tx.query<Omit<StreamProgress, 'pos' | 'positions'> & { positions: string[] }>(
      `SELECT array_agg(coalesce(c.pos, 0) ORDER BY partition) AS positions,
         least(min(c.next_wake), (SELECT min(at) FROM member_wake WHERE workspace_id = $1)) AS "nextWake",
         CASE WHEN count(c.horizon) = count(*) THEN min(c.horizon) END AS horizon,
         CASE WHEN count(c.swept_at) = count(*) THEN min(c.swept_at) END AS "sweptAt"
       FROM ${PARTITIONS} p LEFT JOIN (SELECT * FROM stream_cursor WHERE workspace_id = $1) c USING (partition)`,
      [tx.workspaceId],
    );
    const positions = rows[0]!.positions.map(Number);
    return { ...rows[0]!, positions, pos: Math.min(...positions) };
  }

  /** Note the position and the turn; when to wake next is read from the rows of this transaction. Gives the turns. */
  async advance(
    tx: Transaction,
    cursors: readonly StreamCursor[],
    of: number,
    pos: number,
  ): Promise<Map<number, number>> {
    const shard: Shard = { partitions: cursors.map(({ partition }) => partition), of };
    const whole = isEverybody(shard);
    tx.send(
      `INSERT INTO stream_cursor AS c (workspace_id, partition, pos, turn, next_wake)
       SELECT $1, partition, $3, 1, least(
         (SELECT due_at FROM profile_wake WHERE workspace_id = $1 AND due_at IS NOT NULL
            ${whole ? '' : 'AND person % $4 = ANY($2)'} ORDER BY due_at LIMIT 1),
         CASE WHEN partition = 0 THEN least((SELECT min(at) FROM account_wake WHERE workspace_id = $1),
           (SELECT min(at) FROM member_wake WHERE workspace_id = $1)) END)
       FROM unnest($2::int[]) AS partition
       ON CONFLICT (workspace_id, partition) DO UPDATE SET pos = excluded.pos, turn = c.turn + 1,
         next_wake = excluded.next_wake`,
      [tx.workspaceId, shard.partitions, pos, ...(whole ? [] : [shard.of])],
    );
    // Whoever might change it besides is kept out by this turn.
    return new Map(cursors.map(({ partition, turn }) => [partition, turn + 1]));
  }

  /** Have every process give up the state it keeps in memory. */
  async distrustState(tx: Transaction): Promise<void> {
    await tx.query('UPDATE stream_cursor SET turn = turn + 1 WHERE workspace_id = $1', [tx.workspaceId]);
  }

  /** Somebody is to be woken at `at`: look no later. */
  async wakeBy(tx: Transaction, at: Date): Promise<void> {
    await tx.query(
      `INSERT INTO stream_cursor AS c (workspace_id, partition, next_wake)
       SELECT $1, partition, $2 FROM ${PARTITIONS} p ORDER BY partition
       ON CONFLICT (workspace_id, partition) DO UPDATE SET next_wake = least(c.next_wake, excluded.next_wake)`,
      [tx.workspaceId, at],
    );
  }

  async setHorizon(tx: Transaction, horizon: Date): Promise<void> {
    await tx.query(
      `INSERT INTO stream_cursor AS c (workspace_id, partition, horizon)
       SELECT $1, partition, $2 FROM ${PARTITIONS} p ORDER BY partition
       ON CONFLICT (workspace_id, partition) DO UPDATE SET horizon = greatest(c.horizon, excluded.horizon)`,
      [tx.workspaceId, horizon],
    );
  }

  async swept(tx: Transaction, at: Date): Promise<void> {
    await tx.query('UPDATE stream_cursor SET swept_at = $2 WHERE workspace_id = $1', [tx.workspaceId, at]);
  }

  /**
   * Have the workspace's persons in `of` partitions, a multiple of what there are: each goes on where the one it comes
   * out of stands. The caller holds the right to change memberships, and nobody merges meanwhile.
   */
  async split(tx: Transaction, of: number): Promise<void> {
    await tx.query(
      `WITH present AS (SELECT count(*)::int AS partitions FROM ${PARTITIONS} p),
         added AS (
           INSERT INTO lease (workspace_id, kind, partition)
           SELECT $1, 'stream', partition FROM generate_series(0, $2 - 1) AS partition, present
           WHERE $2 % present.partitions = 0 ON CONFLICT DO NOTHING RETURNING partition)
       INSERT INTO stream_cursor (workspace_id, partition, pos, next_wake, horizon, swept_at)
       SELECT $1, added.partition, c.pos, c.next_wake, c.horizon, c.swept_at
       FROM added CROSS JOIN present JOIN stream_cursor c ON c.workspace_id = $1
       WHERE c.partition = added.partition % present.partitions AND added.partition >= present.partitions
       ON CONFLICT DO NOTHING`,
      [tx.workspaceId, of],
    );
    await this.distrustState(tx);
  }
}

const lockKey = (tx: Transaction): string => `percorso:stream:${tx.workspaceId}`;
