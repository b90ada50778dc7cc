export { FeedbackModule } from './feedback.module';
export { FeedbackWorkerModule } from './feedback-worker.module';
export type { FeedbackOptions } from './feedback.options';
