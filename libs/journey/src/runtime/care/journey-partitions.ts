import { Inject, Injectable } from '@nestjs/common';
import { Database, eachInTurn } from '@percorso/storage';
import { CursorStore } from '../intake/cursor.store';

/** Injection token: partitions a workspace's persons are in for journeys, a power of two. */
export const JOURNEY_PARTITIONS = Symbol('JourneyPartitions');

/** Enough for as many processes; those of one process take their turns together. */
export const DEFAULT_PARTITIONS = 8;

/** Brings every workspace to the configured number of partitions, new ones at once. It never sinks. */
@Injectable()
export class JourneyPartitions {
  constructor(
    private readonly database: Database,
    private readonly cursors: CursorStore,
    @Inject(JOURNEY_PARTITIONS) private readonly configured: number,
  ) {}

  async splitAll(stopping: () => boolean): Promise<void> {
    const { rows } = await this.database.control((tx) =>
      tx.query<{ workspace_id: string }>(
        `SELECT workspace_id FROM lease WHERE kind = 'journey'
         GROUP BY workspace_id HAVING count(*) < $1 AND $1 % count(*) = 0`,
        [this.configured],
      ),
    );
    await eachInTurn(rows, stopping, async ({ workspace_id }) => {
      await this.database.tx(workspace_id, (tx) => this.cursors.split(tx, this.configured));
      return 1;
    });
  }
}
