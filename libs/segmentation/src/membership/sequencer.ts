import { Injectable } from '@nestjs/common';
import { Database } from '@percorso/storage';

/** Deltas given a position in one transaction: well under 200 ms of work. */
const BATCH = 2000;

/**
 * Rows are found again where they stand, for nobody else changes a delta. By their keys it would depend on statistics, which
 * know nothing of a workspace that was just filled: PostgreSQL then reads the whole of it for each row.
 */
export const NUMBER = `UPDATE membership_delta d SET pos = numbered.pos
  FROM (SELECT place, $2::bigint + row_number() OVER (ORDER BY n) AS pos
        FROM (SELECT ctid AS place, n FROM membership_delta
              WHERE workspace_id = $1 AND pos IS NULL ORDER BY n LIMIT $3) w) numbered
  WHERE d.workspace_id = $1 AND d.ctid = numbered.place`;

type WhenBusy = 'skip' | 'wait';

/**
 * Gives committed deltas their dense positions. Only the holder of the workspace's log row does so, and the numbers
 * and the new head become visible together: a reader that saw position n will never see a smaller one appear.
 */
@Injectable()
export class Sequencer {
  constructor(private readonly database: Database) {}

  /** How many deltas got a position; 0 also when another sequencer is at work on this workspace and is not waited for. */
  async sequence(workspaceId: string, limit = BATCH, whenBusy: WhenBusy = 'skip'): Promise<number> {
    return this.database.tx(workspaceId, async (tx) => {
      tx.send('INSERT INTO membership_log (workspace_id) VALUES ($1) ON CONFLICT DO NOTHING', [workspaceId]);
      const log = await tx.query<{ head: string }>(
        `SELECT head FROM membership_log WHERE workspace_id = $1 FOR UPDATE ${whenBusy === 'skip' ? 'SKIP LOCKED' : ''}`,
        [workspaceId],
      );
      const head = log.rows[0]?.head;
      if (head === undefined) return 0;
      // A pair's next version is written under its row's lock, after the one before was committed: n keeps their order.
      const { rowCount } = await tx.query(NUMBER, [workspaceId, head, limit]);
      if (rowCount) {
        tx.send('UPDATE membership_log SET head = head + $2 WHERE workspace_id = $1', [
          workspaceId,
          rowCount,
        ]);
      }
      return rowCount ?? 0;
    });
  }

  /** Until nothing waits; with `wait`, what was committed before has its position then, whoever gave it. */
  async drain(workspaceId: string, whenBusy: WhenBusy = 'skip'): Promise<number> {
    let total = 0;
    for (;;) {
      const given = await this.sequence(workspaceId, BATCH, whenBusy);
      total += given;
      // Not full: what was committed when it began is among it.
      if (given < BATCH) return total;
    }
  }
}
