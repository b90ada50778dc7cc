import { Module } from '@nestjs/common';
import { FeedbackPoller } from './feedback-poller';
import { FeedbackScheduler } from './feedback-scheduler';
import { FeedbackProcessor } from './feedback.processor';
import { ReceiptHousekeeping } from './hook/receipt-housekeeping';

/** Background work beside FeedbackModule: providers are asked in turn, and old receipts forgotten. */
@Module({ providers: [FeedbackPoller, FeedbackProcessor, FeedbackScheduler, ReceiptHousekeeping] })
export class FeedbackWorkerModule {}
