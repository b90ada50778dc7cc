import { InjectQueue } from '@nestjs/bull';
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bull';

export const EVALUATION_QUEUE = 'evaluation';

export interface EvaluationJob {
  workspaceId: string;
  id: string;
}

/** Tells workers that an evaluation waits. Lost words do no harm: the reconciler finds it in PostgreSQL. */
@Injectable()
export class EvaluationQueue {
  private readonly logger = new Logger(EvaluationQueue.name);

  constructor(@InjectQueue(EVALUATION_QUEUE) private readonly queue: Queue<EvaluationJob>) {}

  /** Does not wait for Redis. */
  wake(workspaceId: string, id: string): void {
    this.queue
      .add({ workspaceId, id }, { removeOnComplete: true, removeOnFail: true })
      .catch((error: Error) => this.logger.debug(`Evaluation ${id} was not announced: ${error.name}`));
  }
}
