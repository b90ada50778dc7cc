import { InjectQueue } from '@nestjs/bull';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bull';
import { enqueueWakeUp, type WakeUp } from './wake-queue';

export const DELIVERY_QUEUE = 'delivery';

/** Tells the workers that a connector has effects to deliver. A lost wake-up costs one tick, never an effect. */
@Injectable()
export class DeliveryWaker {
  constructor(@InjectQueue(DELIVERY_QUEUE) private readonly queue: Queue<WakeUp>) {
    // Without a listener a lost Redis would end the process; the hub reports it once for all queues.
    queue.on('error', () => undefined);
  }

  wake(workspaceId: string, connectorId: string): Promise<boolean> {
    return enqueueWakeUp(this.queue, { workspaceId, id: connectorId });
  }
}
