import { BullModule } from '@nestjs/bull';
import { Module } from '@nestjs/common';
import { IngestModule } from '@percorso/ingest';
import { FeedbackController } from './feedback.controller';
import { FEEDBACK_QUEUE, FeedbackQueue } from './feedback.queue';
import { FeedbackService } from './feedback.service';

/** What providers report back. */
@Module({
  imports: [IngestModule, BullModule.registerQueue({ name: FEEDBACK_QUEUE })],
  controllers: [FeedbackController],
  providers: [FeedbackService, FeedbackQueue],
  exports: [FeedbackService, FeedbackQueue],
})
export class FeedbackModule {}
