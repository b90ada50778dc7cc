import { BeforeApplicationShutdown, Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { AppliedSignal } from '@percorso/profile';
import { BackgroundLoop, Database } from '@percorso/storage';
import { EvaluationQueue } from './evaluation/evaluation.queue';
import { EvaluationStore } from './evaluation/evaluation.store';
import { Evaluator } from './evaluation/evaluator';
import { MembershipSignal } from './membership/membership.signal';
import { Sequencer } from './membership/sequencer';
import { Scheduler } from './schedule/scheduler';
import { StreamEvaluator } from './stream/stream-evaluator';
import { SWEEP_EVERY_MS, Sweeper } from './stream/sweeper';

const STREAM_MS = 100;
const SEQUENCE_MS = 250;
const RECONCILE_MS = 3000;
const SCHEDULE_MS = 1000;
const SWEEP_LOOK_MS = 5000;
const CHECK_LOOK_MS = 60_000;
/** Every audience is held against its set this often. */
const CHECK_EVERY_MS = 3_600_000;
/** Checks a workspace starts at once, so that many audiences do not crowd out what people wait for. */
const CHECKS = 5;

/** Keeps audiences up to date, numbers deltas as they come, begins what is scheduled, and finds what PostgreSQL has open and nobody works on. */
@Injectable()
export class SegmentationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loops = {
    streaming: this.loop('StreamEvaluator', STREAM_MS, (stopping) => this.streamAll(stopping)),
    sequencing: this.loop('Sequencer', SEQUENCE_MS, () => this.sequenceAll()),
    sweeping: this.loop('Sweeper', SWEEP_LOOK_MS, (stopping) => this.sweepAll(stopping)),
    scheduling: this.loop('Scheduler', SCHEDULE_MS, (stopping) => this.scheduleAll(stopping)),
    checking: this.loop('DriftCheck', CHECK_LOOK_MS, () => this.checkAll()),
    reconciling: this.loop('EvaluationReconciler', RECONCILE_MS, () => this.reconcileAll()),
  };
  private readonly unlisten: (() => void)[] = [];

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly stream: StreamEvaluator,
    private readonly sweeper: Sweeper,
    private readonly scheduler: Scheduler,
    private readonly sequencer: Sequencer,
    private readonly evaluations: EvaluationStore,
    private readonly queue: EvaluationQueue,
    private readonly evaluator: Evaluator,
    private readonly signal: MembershipSignal,
    private readonly applied: AppliedSignal,
  ) {}

  onApplicationBootstrap(): void {
    this.unlisten.push(
      this.signal.onChanged(() => this.loops.sequencing.nudge()),
      this.applied.onApplied(() => this.loops.streaming.nudge()),
    );
    for (const loop of Object.values(this.loops)) loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const unlisten of this.unlisten) unlisten();
    await Promise.all(Object.values(this.loops).map((loop) => loop.stop()));
  }

  private loop(
    name: string,
    idleMs: number,
    turn: (stopping: () => boolean) => Promise<boolean | void>,
  ): BackgroundLoop {
    return new BackgroundLoop({ name, idleMs, turn });
  }

  private async streamAll(stopping: () => boolean): Promise<boolean> {
    const { rows } = await this.database.control((tx) =>
      tx.query<{ workspace_id: string }>(
        `SELECT DISTINCT workspace_id FROM ingest_head h LEFT JOIN stream_cursor c USING (workspace_id, partition)
         WHERE h.applied > coalesce(c.pos, 0)
         UNION SELECT workspace_id FROM stream_cursor WHERE next_wake <= $1`,
        [this.clock.now()],
      ),
    );
    let taken = 0;
    for (const { workspace_id } of rows) {
      if (stopping()) break;
      taken += (await this.stream.turn(workspace_id)).taken;
    }
    return taken > 0;
  }

  private async sequenceAll(): Promise<void> {
    for (const workspaceId of await this.database.workspaceIds()) await this.sequencer.drain(workspaceId);
  }

  private async sweepAll(stopping: () => boolean): Promise<void> {
    const { rows } = await this.database.control((tx) =>
      tx.query<{ id: string }>(
        `SELECT w.id FROM workspace w LEFT JOIN stream_cursor c ON c.workspace_id = w.id
         WHERE c.swept_at IS NULL OR c.swept_at < $1`,
        [new Date(this.clock.now().getTime() - SWEEP_EVERY_MS)],
      ),
    );
    for (const { id } of rows) if (!stopping()) await this.sweeper.sweep(id);
  }

  private async scheduleAll(stopping: () => boolean): Promise<boolean> {
    let begun = 0;
    for (const workspaceId of await this.database.workspaceIds()) {
      if (stopping()) break;
      begun += await this.scheduler.look(workspaceId, stopping);
    }
    return begun > 0;
  }

  private async checkAll(): Promise<void> {
    const now = this.clock.now();
    const before = new Date(now.getTime() - CHECK_EVERY_MS);
    for (const workspaceId of await this.database.workspaceIds()) {
      await this.database.tx(workspaceId, (tx) => this.evaluations.insertOverdue(tx, before, now, CHECKS));
    }
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
