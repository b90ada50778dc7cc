export { FeedbackModule } from './feedback.module';
export { FeedbackWorkerModule } from './feedback-worker.module';
