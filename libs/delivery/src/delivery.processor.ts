import { Process, Processor } from '@nestjs/bull';
import type { WakeUp } from '@percorso/storage';
import type { Job } from 'bull';
import { DELIVERY_QUEUE } from './delivery-waker';
import { LanePump } from './lane-pump';

/** A job only wakes a lane, so it is done at once and never stalls in Bull. */
@Processor(DELIVERY_QUEUE)
export class DeliveryProcessor {
  constructor(private readonly pump: LanePump) {}

  @Process({ concurrency: 4 })
  wake(job: Job<WakeUp>): void {
    this.pump.wake(job.data.workspaceId, job.data.id);
  }
}
