import { InjectQueue } from '@nestjs/bull';
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bull';
import { enqueueWakeUp, type WakeUp } from '@percorso/delivery';

export const SYNC_QUEUE = 'sync';

/** Tells workers that a run waits for a planner. A lost wake-up costs one tick. */
@Injectable()
export class SyncQueue {
  private readonly logger = new Logger(SyncQueue.name);

  constructor(@InjectQueue(SYNC_QUEUE) private readonly queue: Queue<WakeUp>) {
    // Without a listener a lost Redis would end the process.
    queue.on('error', (error) => this.logger.warn({ cause: error.message }, 'The sync queue has no Redis'));
  }

  /** @returns false when Redis cannot be reached */
  wake(workspaceId: string, runId: string): Promise<boolean> {
    return enqueueWakeUp(this.queue, { workspaceId, id: runId });
  }
}
