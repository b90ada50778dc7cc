import type { BackgroundLoop } from '../background-loop';
import { BackgroundWorker } from '../background-worker';
import type { LeaseKind } from './lease-plan';
import type { Leases } from './leases';

/** A worker that takes part in a kind of leased work, beside whatever else it does. */
export abstract class LeasedWorker extends BackgroundWorker {
  /** The loop that works on the partitions this process has. */
  protected abstract readonly leased: BackgroundLoop;
  private readonly unlisten: (() => void)[] = [];

  protected constructor(
    protected readonly leases: Leases,
    private readonly kind: LeaseKind,
  ) {
    super();
  }

  /** Has loops nudged when there is work for them, the leased one by `nudge`; what takes the listeners away again. */
  protected abstract listen(nudge: () => void): (() => void)[];

  override onApplicationBootstrap(): void {
    const nudge = (): void => this.leased.nudge();
    this.unlisten.push(...this.listen(nudge), this.leases.onChanged(nudge));
    this.leases.serve(this.kind);
    super.onApplicationBootstrap();
  }

  /** The leases are left once nothing of them is under way, and without waiting for the other loops: others go on at once. */
  override async beforeApplicationShutdown(): Promise<void> {
    for (const unlisten of this.unlisten) unlisten();
    await this.leased.stop();
    await this.leases.leave(this.kind);
    await super.beforeApplicationShutdown();
  }
}
