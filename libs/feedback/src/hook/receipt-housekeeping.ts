import { BeforeApplicationShutdown, Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { BackgroundLoop, Database } from '@percorso/storage';
import { HookStore } from './hook.store';

const HOUR_MS = 3600_000;
/** Longer than any provider repeats a receipt. */
const KEPT_MS = 30 * 24 * HOUR_MS;
const AT_ONCE = 5000;

/** Hourly, forgets receipts taken more than thirty days ago. */
@Injectable()
export class ReceiptHousekeeping implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop = new BackgroundLoop({
    name: ReceiptHousekeeping.name,
    idleMs: HOUR_MS,
    turn: () => this.forget(),
  });

  constructor(
    private readonly database: Database,
    private readonly store: HookStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** One round over all workspaces, a few thousand rows a transaction. */
  async forget(): Promise<void> {
    const before = new Date(this.clock.now().getTime() - KEPT_MS);
    for (const workspaceId of await this.database.workspaceIds())
      while ((await this.store.forget(workspaceId, before, AT_ONCE)) === AT_ONCE);
  }
}
