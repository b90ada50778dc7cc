import { InjectQueue } from '@nestjs/bull';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bull';
import { enqueueWakeUp, type WakeUp } from '@percorso/delivery';

export const SYNC_QUEUE = 'sync';

/** Tells workers that a run waits for a planner. A lost wake-up costs one tick. */
@Injectable()
export class SyncQueue {
  constructor(@InjectQueue(SYNC_QUEUE) private readonly queue: Queue<WakeUp>) {
    // Without a listener a lost Redis would end the process; the hub reports it once for all queues.
    queue.on('error', () => undefined);
  }

  /** @returns false when Redis cannot be reached */
  wake(workspaceId: string, runId: string): Promise<boolean> {
    return enqueueWakeUp(this.queue, { workspaceId, id: runId });
  }
}
