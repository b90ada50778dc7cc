import { Inject, Injectable, Logger } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery-options';
import { LaneDelivery } from './lane-delivery';
import { type Lane, ProviderGateway } from './provider-gateway';
import { UnknownResolver } from './unknown-resolver';

interface LaneWork {
  slots: number;
  /** Woken while it ran: look once more before going to rest. */
  again: boolean;
}

/** Runs lanes side by side in this process. A connector that hangs holds its own slots and nobody else's. */
@Injectable()
export class LanePump {
  private readonly logger = new Logger(LanePump.name);
  private readonly lanes = new Map<string, LaneWork>();
  private readonly running = new Set<Promise<void>>();
  private stopping = false;

  constructor(
    private readonly gateway: ProviderGateway,
    private readonly delivery: LaneDelivery,
    private readonly resolver: UnknownResolver,
    @Inject(DELIVERY_OPTIONS) private readonly options: DeliveryOptions,
  ) {}

  /** Sees to it that the lane is looked at; returns at once. */
  wake(workspaceId: string, connectorId: string): void {
    if (this.stopping) return;
    const key = `${workspaceId}/${connectorId}`;
    const work = this.lanes.get(key) ?? { slots: 0, again: false };
    this.lanes.set(key, work);
    if (work.slots > 0) work.again = true;
    else this.startSlot(workspaceId, connectorId, key, work);
  }

  /** Finishes the calls in hand and starts no other. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.settled();
  }

  /** Resolves when every lane that was woken has nothing left to do now. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private startSlot(workspaceId: string, connectorId: string, key: string, work: LaneWork): void {
    const first = work.slots === 0;
    work.slots++;
    const run = this.runSlot(workspaceId, connectorId, key, work, first)
      .catch((error: unknown) => {
        const cause =
          error instanceof Problem ? error.code : error instanceof Error ? error.message : 'unknown';
        this.logger.error({ connectorId, cause }, 'A lane stopped and will be tried again');
      })
      .finally(() => {
        this.running.delete(run);
        if (--work.slots > 0) return;
        this.lanes.delete(key);
        if (work.again) this.wake(workspaceId, connectorId);
      });
    this.running.add(run);
  }

  private async runSlot(
    workspaceId: string,
    connectorId: string,
    key: string,
    work: LaneWork,
    first: boolean,
  ): Promise<void> {
    const lane = await this.gateway.describe(workspaceId, connectorId);
    if (first) await this.resolver.resolve(workspaceId, connectorId, lane);
    await this.drain(workspaceId, connectorId, key, work, lane);
  }

  private async drain(
    workspaceId: string,
    connectorId: string,
    key: string,
    work: LaneWork,
    lane: Lane,
  ): Promise<void> {
    while (!this.stopping) {
      const claim = await this.delivery.claim(workspaceId, connectorId, lane);
      if (claim.kind === 'idle') return;
      if (claim.kind === 'decided') continue;
      if (claim.full && work.slots < this.options.callsPerLane) {
        this.startSlot(workspaceId, connectorId, key, work);
      }
      await this.delivery.send(workspaceId, connectorId, lane, claim);
    }
  }
}
