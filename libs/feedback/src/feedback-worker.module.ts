import { Module } from '@nestjs/common';
import { FeedbackPoller } from './feedback-poller';
import { FeedbackScheduler } from './feedback-scheduler';
import { FeedbackModule } from './feedback.module';
import { FeedbackProcessor } from './feedback.processor';

/** Background work: providers are asked in turn. */
@Module({ imports: [FeedbackModule], providers: [FeedbackPoller, FeedbackProcessor, FeedbackScheduler] })
export class FeedbackWorkerModule {}
