import { Process, Processor } from '@nestjs/bull';
import type { WakeUp } from '@percorso/storage';
import type { Job } from 'bull';
import { EVALUATION_QUEUE } from './evaluation.queue';
import { Evaluator } from './evaluator';

@Processor(EVALUATION_QUEUE)
export class EvaluationProcessor {
  constructor(private readonly evaluator: Evaluator) {}

  @Process({ concurrency: 2 })
  async run({ data }: Job<WakeUp>): Promise<void> {
    await this.evaluator.evaluate(data.workspaceId, data.id);
  }
}
