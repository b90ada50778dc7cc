import { Injectable } from '@nestjs/common';
import { type Held, lockLeases, type Transaction } from '@percorso/storage';

/** How far one partition of a workspace's persons has come. */
export interface Cursor {
  partition: number;
  /** Of the ingest log. */
  pos: number;
  /** Of the membership log; a restore begins a new one, in which positions mean others. */
  epoch: number | null;
  deltaPos: number;
  /** Whether it follows the logs. */
  awake: boolean;
}

/** What one turn works on: partitions that stand at one place. */
export interface Share {
  cursors: Cursor[];
  partitions: number[];
  /** Partitions the workspace has. */
  of: number;
}

/** A share, and up to where it may go: where the next ones stand. */
export interface Stretch extends Share {
  to: number;
  deltaTo: number;
}

/** Where a turn's share goes to. */
export type Place = Omit<Cursor, 'partition'>;

const PARTITIONS = `SELECT partition FROM lease WHERE workspace_id = $1 AND kind = 'journey'`;

/** How far journeys of a workspace have come, by partition of its persons. */
@Injectable()
export class CursorStore {
  /** Cursors of the partitions that `held` names, and how many partitions there are. */
  async read(tx: Transaction, held: readonly Held[]): Promise<{ cursors: Cursor[]; of: number }> {
    const { rows } = await tx.query<Omit<Cursor, 'pos' | 'deltaPos'> & { pos: string; deltaPos: string }>(
      `SELECT partition, coalesce(c.pos, 0) AS pos, c.epoch, coalesce(c.delta_pos, 0) AS "deltaPos",
         coalesce(c.awake, false) AS awake
       FROM (${PARTITIONS}) p LEFT JOIN (SELECT * FROM journey_cursor WHERE workspace_id = $1) c USING (partition)
       ORDER BY partition`,
      [tx.workspaceId],
    );
    const mine = new Set(held.map(({ partition }) => partition));
    const cursors = rows
      .filter(({ partition }) => mine.has(partition))
      .map((row) => ({ ...row, pos: Number(row.pos), deltaPos: Number(row.deltaPos) }));
    return { cursors, of: rows.length };
  }

  /** Lock a share for this transaction; false when part of it went to another process or has moved since it was read. */
  async lock(tx: Transaction, share: Share, held: readonly Held[]): Promise<boolean> {
    const wanted = held.filter(({ partition }) => share.partitions.includes(partition));
    const [locked, now] = await Promise.all([lockLeases(tx, 'journey', wanted), this.read(tx, wanted)]);
    return (
      locked.length === share.partitions.length &&
      now.of === share.of &&
      JSON.stringify(now.cursors) === JSON.stringify(share.cursors)
    );
  }

  /** Move a share, which this transaction has locked. */
  move(tx: Transaction, partitions: readonly number[], { pos, epoch, deltaPos, awake }: Place): void {
    tx.send(
      `INSERT INTO journey_cursor (workspace_id, partition, pos, epoch, delta_pos, awake)
       SELECT $1, partition, $3, $4, $5, $6 FROM unnest($2::int[]) AS partition
       ON CONFLICT (workspace_id, partition) DO UPDATE SET pos = excluded.pos, epoch = excluded.epoch,
         delta_pos = excluded.delta_pos, awake = excluded.awake`,
      [tx.workspaceId, partitions, pos, epoch, deltaPos, awake],
    );
  }

  /**
   * Have the workspace's persons in `of` partitions, a multiple of what there are: each goes on where the one it comes
   * out of stands, with the members of audiences that are being read too. Turns that are being written are waited for.
   */
  async split(tx: Transaction, of: number): Promise<void> {
    const { rows } = await tx.query<{ partition: number }>(`${PARTITIONS} ORDER BY partition FOR UPDATE`, [
      tx.workspaceId,
    ]);
    const before = rows.length;
    if (before === 0 || of <= before || of % before !== 0) return;
    tx.send(
      `INSERT INTO lease (workspace_id, kind, partition)
       SELECT $1, 'journey', partition FROM generate_series($2::int, $3::int - 1) AS partition ON CONFLICT DO NOTHING`,
      [tx.workspaceId, before, of],
    );
    const added = 'generate_series($2::int, $3::int - 1) AS added';
    tx.send(
      `INSERT INTO journey_cursor (workspace_id, partition, pos, epoch, delta_pos, awake)
       SELECT $1, added, c.pos, c.epoch, c.delta_pos, c.awake FROM ${added}
       JOIN journey_cursor c ON c.workspace_id = $1 AND c.partition = added % $2 ON CONFLICT DO NOTHING`,
      [tx.workspaceId, before, of],
    );
    await tx.query(
      `INSERT INTO journey_read_part (workspace_id, read_id, partition, after_person, taken_at, done)
       SELECT $1, p.read_id, added, p.after_person, p.taken_at, p.done FROM ${added}
       JOIN journey_read_part p ON p.workspace_id = $1 AND p.partition = added % $2 ON CONFLICT DO NOTHING`,
      [tx.workspaceId, before, of],
    );
  }
}

/** Those that are furthest back. */
export function furthestBack({ cursors, of }: { cursors: readonly Cursor[]; of: number }): Stretch {
  const rank = ({ awake, epoch, pos, deltaPos }: Cursor): number[] => [
    awake ? 1 : 0,
    epoch ?? 0,
    pos,
    deltaPos,
  ];
  const [first] = [...cursors].sort((a, b) => compare(rank(a), rank(b)));
  const same = cursors.filter((cursor) => first && compare(rank(cursor), rank(first)) === 0);
  const awake = cursors.filter((cursor) => cursor.awake);
  const ahead = (of: 'pos' | 'deltaPos'): number =>
    Math.min(...awake.map((cursor) => cursor[of]).filter((at) => first && at > first[of]));
  return {
    cursors: same,
    partitions: same.map(({ partition }) => partition),
    of,
    to: ahead('pos'),
    deltaTo: ahead('deltaPos'),
  };
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}
