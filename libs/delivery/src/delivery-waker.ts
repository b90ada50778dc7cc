import { InjectQueue } from '@nestjs/bull';
import { Injectable } from '@nestjs/common';
import { queueName, WakeQueue, type WakeUp } from '@percorso/storage';
import type { Queue } from 'bull';

export const DELIVERY_QUEUE = queueName('delivery');

/** Tells workers that a connector has effects to deliver. */
@Injectable()
export class DeliveryWaker extends WakeQueue {
  constructor(@InjectQueue(DELIVERY_QUEUE) queue: Queue<WakeUp>) {
    super(queue);
  }
}
