import { Process, Processor } from '@nestjs/bull';
import { Logger } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { Job } from 'bull';
import type { WakeUp } from '@percorso/storage';
import { FEEDBACK_QUEUE } from './feedback.queue';
import { FeedbackService } from './feedback.service';

@Processor(FEEDBACK_QUEUE)
export class FeedbackProcessor {
  private readonly logger = new Logger(FeedbackProcessor.name);

  constructor(private readonly feedback: FeedbackService) {}

  @Process({ concurrency: 2 })
  async poll({ data }: Job<WakeUp>): Promise<void> {
    await this.feedback.poll(data.workspaceId, data.id).catch((error: unknown) => {
      const cause = error instanceof Problem ? error.code : error instanceof Error ? error.name : 'unknown';
      this.logger.warn(
        { connectorId: data.id, cause },
        'A provider could not be asked; the next round follows',
      );
    });
  }
}
