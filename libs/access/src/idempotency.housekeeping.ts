import {
  BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  OnApplicationBootstrap,
} from '@nestjs/common';
import { CLOCK, Clock } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { IdempotencyStore } from './idempotency.store';

const HOUR_MS = 3600_000;
const KEPT_MS = 25 * HOUR_MS;

/** Hourly, forgets kept answers older than a day and an hour. */
@Injectable()
export class IdempotencyHousekeeping implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(IdempotencyHousekeeping.name);
  private timer?: NodeJS.Timeout;
  private turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly store: IdempotencyStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.turn = this.forget().catch(() =>
        this.logger.warn('Old answers could not be forgotten; next try in an hour.'),
      );
    }, HOUR_MS);
    this.timer.unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.turn;
  }

  /** One round over all workspaces and the operator's own requests. */
  async forget(): Promise<void> {
    const before = new Date(this.clock.now().getTime() - KEPT_MS);
    for (const workspaceId of [undefined, ...(await this.database.workspaceIds())]) {
      await this.store.forget(workspaceId, before);
    }
  }
}
