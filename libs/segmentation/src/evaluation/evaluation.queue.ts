import { InjectQueue } from '@nestjs/bull';
import { Injectable } from '@nestjs/common';
import { queueName, WakeQueue, type WakeUp } from '@percorso/storage';
import type { Queue } from 'bull';

export const EVALUATION_QUEUE = queueName('evaluation');

/** Tells workers that an evaluation waits. */
@Injectable()
export class EvaluationQueue extends WakeQueue {
  constructor(@InjectQueue(EVALUATION_QUEUE) queue: Queue<WakeUp>) {
    super(queue);
  }
}
