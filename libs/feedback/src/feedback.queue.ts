import { InjectQueue } from '@nestjs/bull';
import { Injectable } from '@nestjs/common';
import { queueName, WakeQueue, type WakeUp } from '@percorso/storage';
import type { Queue } from 'bull';

export const FEEDBACK_QUEUE = queueName('feedback');

/** Tells workers that a connector is due to be asked. */
@Injectable()
export class FeedbackQueue extends WakeQueue {
  constructor(@InjectQueue(FEEDBACK_QUEUE) queue: Queue<WakeUp>) {
    super(queue);
  }
}
