import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { BackgroundWorker, Database } from '@percorso/storage';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery-options';
import { DeliveryWaker } from './delivery-waker';
import { LanePump } from './lane-pump';
import { lanesWithWork } from './lanes-with-work';

/** Wakes every lane that PostgreSQL says has work, so that nothing depends on what Redis remembers. */
@Injectable()
export class DeliveryReconciler extends BackgroundWorker {
  constructor(
    private readonly database: Database,
    private readonly waker: DeliveryWaker,
    private readonly pump: LanePump,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(DELIVERY_OPTIONS) options: DeliveryOptions,
  ) {
    super();
    this.addLoop(DeliveryReconciler.name, options.tickMs, () => this.reconcile());
  }

  override async beforeApplicationShutdown(): Promise<void> {
    await super.beforeApplicationShutdown();
    await this.pump.stop();
  }

  private async reconcile(): Promise<void> {
    for (const workspaceId of await this.database.workspaceIds()) {
      const lanes = await this.database.tx(workspaceId, (tx) => lanesWithWork(tx, this.clock.now()));
      await Promise.all(lanes.map((connectorId) => this.wake(workspaceId, connectorId)));
    }
  }

  /** Without Redis this process serves the lane itself. */
  private async wake(workspaceId: string, connectorId: string): Promise<void> {
    if (!(await this.waker.wake(workspaceId, connectorId))) this.pump.wake(workspaceId, connectorId);
  }
}
