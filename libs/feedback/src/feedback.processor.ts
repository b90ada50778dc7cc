import { Process, Processor } from '@nestjs/bull';
import type { Job } from 'bull';
import type { WakeUp } from '@percorso/storage';
import { FeedbackPoller } from './feedback-poller';
import { FEEDBACK_QUEUE } from './feedback.queue';

@Processor(FEEDBACK_QUEUE)
export class FeedbackProcessor {
  constructor(private readonly poller: FeedbackPoller) {}

  @Process({ concurrency: 2 })
  poll({ data }: Job<WakeUp>): Promise<void> {
    return this.poller.poll(data.workspaceId, data.id);
  }
}
