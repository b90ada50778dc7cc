import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { BackgroundWorker, Database } from '@percorso/storage';
import { forgetExchanges } from './exchange.store';

const TICK_MS = 15 * 60_000;
const KEPT_MS = 30 * 24 * 3600_000;
/** Of a workspace; about 10 KB each. */
const MOST = 10_000;
const AT_ONCE = 1000;

/** Bounds what is kept of calls that failed: thirty days, and the newest 10,000 exchanges of a workspace. */
@Injectable()
export class ExchangeHousekeeping extends BackgroundWorker {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super();
    this.addLoop(ExchangeHousekeeping.name, TICK_MS, () => this.forget());
  }

  /** One round over all workspaces. */
  async forget(most = MOST): Promise<void> {
    const before = new Date(this.clock.now().getTime() - KEPT_MS);
    const bounds = { before, most, atOnce: AT_ONCE };
    for (const workspaceId of await this.database.workspaceIds())
      while ((await this.database.tx(workspaceId, (tx) => forgetExchanges(tx, bounds))) === AT_ONCE);
  }
}
