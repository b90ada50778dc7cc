import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { AppliedSignal } from '@percorso/profile';
import { Database, eachInTurn, LeasedWorker, Leases } from '@percorso/storage';
import { EvaluationQueue } from './evaluation/evaluation.queue';
import { EvaluationStore } from './evaluation/evaluation.store';
import { Evaluator } from './evaluation/evaluator';
import { MembershipSignal } from './membership/membership.signal';
import { Sequencer } from './membership/sequencer';
import { Scheduler } from './schedule/scheduler';
import { LOG_PARTITION } from './stream/stream-cursor.store';
import { StreamEvaluator } from './stream/stream-evaluator';
import { StreamPartitions } from './stream/stream-partitions';
import { SWEEP_EVERY_MS, Sweeper } from './stream/sweeper';

const STREAM_MS = 100;
const SEQUENCE_MS = 250;
const RECONCILE_MS = 3000;
const SCHEDULE_MS = 1000;
const SWEEP_LOOK_MS = 5000;
const SPLIT_LOOK_MS = 1000;
const CHECK_LOOK_MS = 60_000;
/** Every audience is held against its set this often. */
const CHECK_EVERY_MS = 3_600_000;
/** Checks a workspace starts at once, so that many audiences do not crowd out what people wait for. */
const CHECKS = 5;

/** Keeps audiences up to date, numbers deltas as they come, begins what is scheduled, and finds what PostgreSQL has open and nobody works on. */
@Injectable()
export class SegmentationWorker extends LeasedWorker {
  protected readonly leased = this.addLoop('StreamEvaluator', STREAM_MS, (stopping) =>
    this.streamAll(stopping),
  );
  private readonly sequencing = this.addLoop('Sequencer', SEQUENCE_MS, (stopping) =>
    this.sequenceAll(stopping),
  );

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
    private readonly partitions: StreamPartitions,
    leases: Leases,
  ) {
    super(leases, 'stream');
    this.addLoop('Sweeper', SWEEP_LOOK_MS, (stopping) => this.sweepAll(stopping));
    this.addLoop('Scheduler', SCHEDULE_MS, (stopping) => this.scheduleAll(stopping));
    this.addLoop('DriftCheck', CHECK_LOOK_MS, (stopping) => this.checkAll(stopping));
    this.addLoop('EvaluationReconciler', RECONCILE_MS, (stopping) => this.reconcileAll(stopping));
    this.addLoop('Partitions', SPLIT_LOOK_MS, (stopping) => this.partitions.splitAll(stopping));
  }

  protected listen(nudge: () => void): (() => void)[] {
    return [this.signal.onChanged(() => this.sequencing.nudge()), this.applied.onApplied(nudge)];
  }

  /**
   * Workspaces where partitions of this process are behind the log, or somebody in them is due; and where accounts wait,
   * which any partition's turn may have found, and the holder of the first takes up.
   */
  private async streamAll(stopping: () => boolean): Promise<boolean> {
    const { rows } = await this.database.control(async (tx) => {
      tx.send(`SELECT set_config('percorso.looks_for', 'accounts', true)`);
      return tx.query<{ workspace_id: string }>(
        `SELECT DISTINCT l.workspace_id
         FROM lease l LEFT JOIN stream_cursor c USING (workspace_id, partition)
         LEFT JOIN ingest_head h ON h.workspace_id = l.workspace_id AND h.partition = $3
         WHERE l.kind = 'stream' AND l.owner = $1 AND (h.applied > coalesce(c.pos, 0) OR c.next_wake <= $2
           OR l.partition = 0 AND EXISTS (SELECT FROM member_wake m WHERE m.workspace_id = l.workspace_id))`,
        [this.leases.id, this.clock.now(), LOG_PARTITION],
      );
    });
    const taken = await eachInTurn(rows, stopping, async ({ workspace_id }) => {
      const held = this.leases.of('stream', workspace_id);
      return held.length === 0 ? 0 : (await this.stream.turn(workspace_id, held)).taken;
    });
    return taken > 0;
  }

  private async sequenceAll(stopping: () => boolean): Promise<void> {
    const workspaces = await this.openWork('deltas', 'membership_delta WHERE pos IS NULL');
    await eachInTurn(workspaces, stopping, (workspaceId) => this.sequencer.drain(workspaceId));
  }

  private async sweepAll(stopping: () => boolean): Promise<void> {
    const { rows } = await this.database.control((tx) =>
      tx.query<{ id: string }>(
        `SELECT l.workspace_id AS id FROM lease l LEFT JOIN stream_cursor c USING (workspace_id, partition)
         WHERE l.kind = 'stream' AND l.owner = $1 AND l.partition = 0 AND (c.swept_at IS NULL OR c.swept_at < $2)`,
        [this.leases.id, new Date(this.clock.now().getTime() - SWEEP_EVERY_MS)],
      ),
    );
    await eachInTurn(rows, stopping, async ({ id }) => {
      await this.sweeper.sweep(id);
      return 1;
    });
  }

  private async scheduleAll(stopping: () => boolean): Promise<boolean> {
    const begun = await eachInTurn(this.leases.firsts('stream'), stopping, (workspaceId) =>
      this.scheduler.look(workspaceId, stopping),
    );
    return begun > 0;
  }

  private async checkAll(stopping: () => boolean): Promise<void> {
    const now = this.clock.now();
    const before = new Date(now.getTime() - CHECK_EVERY_MS);
    await eachInTurn(this.leases.firsts('stream'), stopping, (workspaceId) =>
      this.database.tx(workspaceId, (tx) => this.evaluations.insertOverdue(tx, before, now, CHECKS)),
    );
  }

  private async reconcileAll(stopping: () => boolean): Promise<void> {
    const workspaces = await this.openWork('evaluations', `evaluation WHERE state IN ('pending', 'running')`);
    await eachInTurn(workspaces, stopping, async (workspaceId) => {
      const waiting = await this.database.tx(workspaceId, (tx) => this.evaluations.waiting(tx));
      for (const id of waiting) {
        // Without Redis this process evaluates by itself.
        if (!(await this.queue.wake(workspaceId, id))) await this.evaluator.evaluate(workspaceId, id);
      }
      return waiting.length;
    });
  }

  /** Workspaces with rows that show themselves to whoever looks for that kind of open work. */
  private async openWork(kind: 'deltas' | 'evaluations', rows: string): Promise<string[]> {
    const found = await this.database.control(async (tx) => {
      tx.send(`SELECT set_config('percorso.looks_for', $1, true)`, [kind]);
      return tx.query<{ workspace_id: string }>(`SELECT DISTINCT workspace_id FROM ${rows}`);
    });
    return found.rows.map((row) => row.workspace_id);
  }
}
