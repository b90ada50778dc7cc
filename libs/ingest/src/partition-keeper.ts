import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, Clock } from '@percorso/kernel';
import { BackgroundWorker, Database } from '@percorso/storage';
import { DEDUPE_DAYS } from './limits';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS_AHEAD = 3;
/** Days the log stays after ClickHouse has confirmed its events. */
const LOG_DAYS = 3;

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Makes the days' partitions before they begin and drops those whose content is no longer needed. */
@Injectable()
export class PartitionKeeper extends BackgroundWorker {
  private readonly logger = new Logger(PartitionKeeper.name);

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super();
    this.addLoop(PartitionKeeper.name, HOUR_MS, () => this.turn());
  }

  /** Until it succeeds rows go to the default partition: nothing is lost, it is only slower to clean. */
  async turn(): Promise<void> {
    const now = this.clock.now().getTime();
    await this.alone('SELECT ensure_partitions($1::date, $2)', [day(now - DAY_MS), DAYS_AHEAD + 2]);
    const rows = await this.alone<{ dropped: string }>(
      'SELECT drop_partitions($1::date, $2::date) AS dropped',
      [day(now - LOG_DAYS * DAY_MS), day(now - (DEDUPE_DAYS + 1) * DAY_MS)],
    );
    for (const { dropped } of rows) this.logger.log(`Partition ${dropped} was dropped.`);
  }

  /** Several hubs may begin at once, and each would make, or drop, what the others are at. */
  private alone<R extends object>(text: string, values: unknown[]): Promise<R[]> {
    return this.database.control(async (tx) => {
      await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('percorso:partitions', 0))`);
      return (await tx.query<R>(text, values)).rows;
    });
  }
}
