import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { BackgroundWorker, Database } from '@percorso/storage';
import { ErasureRemovals } from './erasure-removals';
import { PlanPump } from './plan-pump';
import { RunControl } from './run-control';
import { endSettledRuns, runsToPlan } from './run.store';
import { SyncQueue } from './sync.queue';
import { Triggers } from './triggers';
import { UsageGuard } from './usage-guard';

const TICK_MS = 500;

/**
 * Holds syncs against changed usage rules, has erased persons removed, lets go what cancelled runs left, ends runs of which everything is settled, begins
 * those that are triggered, and wakes those PostgreSQL knows and nobody plans.
 */
@Injectable()
export class SyncReconciler extends BackgroundWorker {
  constructor(
    private readonly database: Database,
    private readonly queue: SyncQueue,
    private readonly pump: PlanPump,
    private readonly usage: UsageGuard,
    private readonly erasures: ErasureRemovals,
    private readonly control: RunControl,
    private readonly triggers: Triggers,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super();
    this.addLoop(SyncReconciler.name, TICK_MS, () => this.reconcile());
  }

  override async beforeApplicationShutdown(): Promise<void> {
    await super.beforeApplicationShutdown();
    await this.pump.settled();
  }

  private async reconcile(): Promise<void> {
    for (const workspaceId of await this.database.workspaceIds()) {
      // Before anything is planned: what the rules now bar must not be.
      await this.usage.recheck(workspaceId);
      await this.erasures.look(workspaceId);
      await this.control.look(workspaceId);
      await this.database.tx(workspaceId, (tx) => endSettledRuns(tx, this.clock.now()));
      await this.triggers.look(workspaceId);
      const waiting = await this.database.tx(workspaceId, (tx) => runsToPlan(tx));
      await Promise.all(waiting.map((runId) => this.wake(workspaceId, runId)));
    }
  }

  /** Without Redis this process plans the run itself. */
  private async wake(workspaceId: string, runId: string): Promise<void> {
    if (!(await this.queue.wake(workspaceId, runId))) this.pump.wake(workspaceId, runId);
  }
}
