import { InjectQueue } from '@nestjs/bull';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bull';
import { enqueueWakeUp, type WakeUp } from '@percorso/delivery';

export const FEEDBACK_QUEUE = 'feedback';

/** Tells workers that a connector is due to be asked. A lost wake-up costs one round. */
@Injectable()
export class FeedbackQueue {
  constructor(@InjectQueue(FEEDBACK_QUEUE) private readonly queue: Queue<WakeUp>) {
    // Without a listener a lost Redis would end the process; the hub reports it once for all queues.
    queue.on('error', () => undefined);
  }

  wake(workspaceId: string, connectorId: string): Promise<boolean> {
    return enqueueWakeUp(this.queue, { workspaceId, id: connectorId });
  }
}
