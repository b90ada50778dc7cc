import {
  BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  OnApplicationBootstrap,
} from '@nestjs/common';
import { describeError } from '@percorso/access';
import { CLOCK, Clock } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { DEDUPE_DAYS } from './limits';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS_AHEAD = 3;
/** Days the log stays after ClickHouse has confirmed its events. */
const LOG_DAYS = 3;

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Makes the days' partitions before they begin and drops those whose content is no longer needed. */
@Injectable()
export class PartitionKeeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(PartitionKeeper.name);
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.timer = setInterval(() => void this.turn(), HOUR_MS).unref();
    await this.turn();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  turn(): Promise<void> {
    this.running = this.keep().catch((error: unknown) => {
      // Rows go to the default partition meanwhile: nothing is lost, it is only slower to clean.
      this.logger.warn(`Partitions could not be kept: ${describeError(error)}`);
    });
    return this.running;
  }

  private async keep(): Promise<void> {
    const now = this.clock.now().getTime();
    await this.database.control((tx) =>
      tx.query('SELECT ensure_partitions($1::date, $2)', [day(now - DAY_MS), DAYS_AHEAD + 2]),
    );
    const { rows } = await this.database.control((tx) =>
      tx.query<{ dropped: string }>('SELECT drop_partitions($1::date, $2::date) AS dropped', [
        day(now - LOG_DAYS * DAY_MS),
        day(now - (DEDUPE_DAYS + 1) * DAY_MS),
      ]),
    );
    for (const { dropped } of rows) this.logger.log(`Partition ${dropped} was dropped.`);
  }
}
