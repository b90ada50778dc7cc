import { Inject, Injectable } from '@nestjs/common';
import { Database, eachInTurn } from '@percorso/storage';
import { holdMembership } from '../membership/membership-lock';
import { StreamCursorStore } from './stream-cursor.store';

/** Injection token: partitions a workspace's persons are in, a power of two. */
export const STREAM_PARTITIONS = Symbol('StreamPartitions');

/** Enough for as many processes; one process takes all it has in one turn, so that more cost it nothing. */
export const DEFAULT_PARTITIONS = 8;

/** Brings every workspace to the configured number of partitions, new ones at once. It never sinks. */
@Injectable()
export class StreamPartitions {
  constructor(
    private readonly database: Database,
    private readonly cursors: StreamCursorStore,
    @Inject(STREAM_PARTITIONS) private readonly configured: number,
  ) {}

  async splitAll(stopping: () => boolean): Promise<void> {
    const { rows } = await this.database.control((tx) =>
      tx.query<{ workspace_id: string }>(
        `SELECT workspace_id FROM lease WHERE kind = 'stream'
         GROUP BY workspace_id HAVING count(*) < $1 AND $1 % count(*) = 0`,
        [this.configured],
      ),
    );
    await eachInTurn(rows, stopping, async ({ workspace_id }) => {
      await this.split(workspace_id);
      return 1;
    });
  }

  async split(workspaceId: string): Promise<void> {
    await this.database.tx(workspaceId, async (tx) => {
      // No turn and no set is being written, and nobody is woken by a merge, while persons change their partition.
      await this.cursors.hold(tx);
      await holdMembership(tx);
      await this.cursors.split(tx, this.configured);
    });
  }
}
