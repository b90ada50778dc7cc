import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundLoop, Database } from '@percorso/storage';
import { EvaluationQueue } from './evaluation/evaluation.queue';
import { EvaluationStore } from './evaluation/evaluation.store';
import { Evaluator } from './evaluation/evaluator';
import { MembershipSignal } from './membership/membership.signal';
import { Sequencer } from './membership/sequencer';

const SEQUENCE_MS = 250;
const RECONCILE_MS = 3000;

/** Numbers deltas as they come, and announces evaluations that PostgreSQL has open and nobody works on. */
@Injectable()
export class SegmentationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly sequencing = new BackgroundLoop({
    name: 'Sequencer',
    idleMs: SEQUENCE_MS,
    turn: () => this.sequenceAll(),
  });
  private readonly reconciling = new BackgroundLoop({
    name: 'EvaluationReconciler',
    idleMs: RECONCILE_MS,
    turn: () => this.reconcileAll(),
  });
  private unlisten?: () => void;

  constructor(
    private readonly database: Database,
    private readonly sequencer: Sequencer,
    private readonly evaluations: EvaluationStore,
    private readonly queue: EvaluationQueue,
    private readonly evaluator: Evaluator,
    private readonly signal: MembershipSignal,
  ) {}

  onApplicationBootstrap(): void {
    this.unlisten = this.signal.onChanged(() => this.sequencing.nudge());
    this.sequencing.start();
    this.reconciling.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.unlisten?.();
    await Promise.all([this.sequencing.stop(), this.reconciling.stop()]);
  }

  private async sequenceAll(): Promise<void> {
    for (const workspaceId of await this.database.workspaceIds()) await this.sequencer.drain(workspaceId);
  }

  private async reconcileAll(): Promise<void> {
    for (const workspaceId of await this.database.workspaceIds()) {
      const waiting = await this.database.tx(workspaceId, (tx) => this.evaluations.waiting(tx));
      for (const id of waiting) {
        // Without Redis this process evaluates by itself.
        if (!(await this.queue.wake(workspaceId, id))) await this.evaluator.evaluate(workspaceId, id);
      }
    }
  }
}
