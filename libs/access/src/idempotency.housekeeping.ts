import { BeforeApplicationShutdown, Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { CLOCK, Clock } from '@percorso/kernel';
import { BackgroundLoop, Database } from '@percorso/storage';
import { IdempotencyStore } from './idempotency.store';

const HOUR_MS = 3600_000;
const KEPT_MS = 25 * HOUR_MS;

/** Hourly, forgets kept answers older than a day and an hour. */
@Injectable()
export class IdempotencyHousekeeping implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop = new BackgroundLoop({
    name: IdempotencyHousekeeping.name,
    idleMs: HOUR_MS,
    turn: () => this.forget(),
  });

  constructor(
    private readonly database: Database,
    private readonly store: IdempotencyStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** One round over all workspaces and the operator's own requests. */
  async forget(): Promise<void> {
    const before = new Date(this.clock.now().getTime() - KEPT_MS);
    for (const workspaceId of [undefined, ...(await this.database.workspaceIds())]) {
      await this.store.forget(workspaceId, before);
    }
  }
}
