import { InjectQueue } from '@nestjs/bull';
import { Injectable } from '@nestjs/common';
import { queueName, WakeQueue, type WakeUp } from '@percorso/storage';
import type { Queue } from 'bull';

export const SYNC_QUEUE = queueName('sync');

/** Tells workers that a run waits for a planner. */
@Injectable()
export class SyncQueue extends WakeQueue {
  constructor(@InjectQueue(SYNC_QUEUE) queue: Queue<WakeUp>) {
    super(queue);
  }
}
