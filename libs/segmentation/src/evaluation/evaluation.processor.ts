import { Process, Processor } from '@nestjs/bull';
import type { Job } from 'bull';
import { EVALUATION_QUEUE, EvaluationJob } from './evaluation.queue';
import { Evaluator } from './evaluator';

@Processor(EVALUATION_QUEUE)
export class EvaluationProcessor {
  constructor(private readonly evaluator: Evaluator) {}

  @Process({ concurrency: 2 })
  async run({ data }: Job<EvaluationJob>): Promise<void> {
    await this.evaluator.evaluate(data.workspaceId, data.id);
  }
}
