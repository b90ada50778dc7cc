import { Process, Processor } from '@nestjs/bull';
import type { Job } from 'bull';
import type { WakeUp } from '@percorso/storage';
import { PlanPump } from './plan-pump';
import { SYNC_QUEUE } from './sync.queue';

/** A job only wakes the planner, so it is done at once and never stalls in Bull. */
@Processor(SYNC_QUEUE)
export class SyncProcessor {
  constructor(private readonly pump: PlanPump) {}

  @Process({ concurrency: 4 })
  wake({ data }: Job<WakeUp>): void {
    this.pump.wake(data.workspaceId, data.id);
  }
}
