import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock, describeError } from '@percorso/kernel';
import { AppliedSignal } from '@percorso/profile';
import { MembershipSignal } from '@percorso/segmentation';
import { Database, eachInTurn, LeasedWorker, Leases, type Transaction } from '@percorso/storage';
import { JourneyHousekeeping } from './care/journey-housekeeping';
import { JourneyJobs } from './care/journey-jobs';
import { journeyWaiting } from './journey-metrics';
import { JourneyPartitions } from './care/journey-partitions';
import { JourneySignal } from './journey-signal';
import { JourneyTurns } from './journey-turns';
import { Outbox } from './keep/outbox';
import { ReadScheduler } from './intake/read-scheduler';
import { SimulationKeeping } from '../simulation/job/simulation-keeping';
import { LOG_PARTITION } from './intake/log-reader';
import { HAS_JOURNEYS, WAITS } from './intake/what-waits';
import { TurnsAtOnce } from './turns-at-once';

const TURN_MS = 100;
const OUTBOX_MS = 2000;
const SCHEDULE_MS = 1000;
const SPLIT_LOOK_MS = 1000;
const KEEP_MS = 60_000;
/** So often it is looked though nothing is known to wait: what stood still with a paused journey may go on. */
const LOOK_MS = 60_000;

/** Moves journeys: takes up what waits, begins reads of audiences when they are due, and clears what is no longer kept. */
@Injectable()
export class JourneyWorker extends LeasedWorker {
  private readonly logger = new Logger('Journeys');
  /** Workspaces where more waited than a turn takes up. */
  private readonly behind = new Set<string>();
  /** When every workspace was looked at last; Unix milliseconds. */
  private lookedAt = -Infinity;
  private readonly atOnce = new TurnsAtOnce(
    (workspaceId) => this.turnOf(workspaceId),
    (error, ms) =>
      this.logger.error(
        `A turn failed; the next one of its workspace follows in ${ms} ms: ${describeError(error)}`,
      ),
  );
  protected readonly leased = this.addLoop('Journeys', TURN_MS, (stopping) => this.turnAll(stopping));

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly turns: JourneyTurns,
    private readonly outbox: Outbox,
    private readonly reads: ReadScheduler,
    private readonly jobs: JourneyJobs,
    private readonly housekeeping: JourneyHousekeeping,
    private readonly simulations: SimulationKeeping,
    private readonly partitions: JourneyPartitions,
    leases: Leases,
    private readonly applied: AppliedSignal,
    private readonly memberships: MembershipSignal,
    private readonly signal: JourneySignal,
  ) {
    super(leases, 'journey');
    this.addLoop('JourneyOutbox', OUTBOX_MS, (stopping) => this.drainAll(stopping));
    this.addLoop('JourneyReads', SCHEDULE_MS, (stopping) => this.scheduleAll(stopping));
    this.addLoop('JourneyJobs', SCHEDULE_MS, (stopping) => this.jobsAll(stopping));
    this.addLoop('JourneyPartitions', SPLIT_LOOK_MS, (stopping) => this.partitions.splitAll(stopping));
    this.addLoop('JourneyHousekeeping', KEEP_MS, (stopping) => this.keepAll(stopping));
  }

  override async beforeApplicationShutdown(): Promise<void> {
    await this.leased.stop();
    await this.atOnce.ended();
    await super.beforeApplicationShutdown();
  }

  protected listen(nudge: () => void): (() => void)[] {
    return [
      this.applied.onApplied(nudge),
      this.memberships.onChanged(nudge),
      this.signal.onChanged(nudge),
      // Who had them may have ended before it looked.
      this.leases.onChanged(() => (this.lookedAt = -Infinity)),
    ];
  }

  private async turnAll(stopping: () => boolean): Promise<boolean> {
    const now = this.clock.now().getTime();
    const looks = Math.abs(now - this.lookedAt) >= LOOK_MS;
    if (looks) this.lookedAt = now;
    const waiting = new Set([...(await this.workspaces(looks ? HAS_JOURNEYS : WAITS)), ...this.behind]);
    const again = await this.atOnce.take([...waiting], stopping, TURN_MS);
    return again || this.behind.size > 0;
  }

  private async turnOf(workspaceId: string): Promise<void> {
    const behind = this.behind.delete(workspaceId);
    const held = this.leases.of('journey', workspaceId);
    if (held.length === 0) return;
    // Two turns at once cost more than one, and take up more: while one is written, the other is walked.
    const shares = behind ? halves(held) : [held];
    const turns = await Promise.allSettled(shares.map((share) => this.turns.turn(workspaceId, share)));
    const failed = turns.find((turn) => turn.status === 'rejected');
    if (failed) throw failed.reason;
    if (!turns.some((turn) => turn.status === 'fulfilled' && turn.value.more)) return;
    this.behind.add(workspaceId);
    this.leased.nudge();
  }

  private async drainAll(stopping: () => boolean): Promise<void> {
    const workspaces = await this.workspaces(
      'EXISTS (SELECT FROM journey_outbox o WHERE o.workspace_id = l.workspace_id)',
    );
    await eachInTurn(workspaces, stopping, (workspaceId) => this.outbox.drain(workspaceId, this.clock.now()));
  }

  private async scheduleAll(stopping: () => boolean): Promise<void> {
    const begun = await eachInTurn(await this.firsts(), stopping, (workspaceId) =>
      this.reads.look(workspaceId),
    );
    if (begun > 0) this.signal.changed();
  }

  private async jobsAll(stopping: () => boolean): Promise<boolean> {
    const mine = new Set(this.leases.firsts('journey'));
    const asked = await this.workspaces(
      'EXISTS (SELECT FROM journey_job b WHERE b.workspace_id = l.workspace_id AND b.ended_at IS NULL)',
    );
    const all = asked.filter((id) => mine.has(id));
    return (await eachInTurn(all, stopping, (workspaceId) => this.jobs.look(workspaceId))) > 0;
  }

  private async keepAll(stopping: () => boolean): Promise<void> {
    let waiting = 0;
    await eachInTurn(this.leases.firsts('journey'), stopping, async (workspaceId) => {
      const kept = await this.housekeeping.turn(workspaceId, stopping);
      waiting += kept.waiting;
      return kept.cleared + (await this.simulations.turn(workspaceId, stopping));
    });
    journeyWaiting.set(waiting);
  }

  /** Workspaces with journeys, of which this process has the first partition: for work that one process is to do. */
  private async firsts(): Promise<string[]> {
    const mine = new Set(this.leases.firsts('journey'));
    const all = await this.workspaces(HAS_JOURNEYS);
    return all.filter((id) => mine.has(id));
  }

  /** Workspaces of which this process has partitions and where `condition` holds. */
  private async workspaces(condition: string): Promise<string[]> {
    const { rows } = await this.database.control((tx: Transaction) => {
      tx.send(`SELECT set_config('percorso.looks_for', 'journeys', true)`);
      return tx.query<{ id: string }>(
        `SELECT DISTINCT l.workspace_id AS id FROM lease l
         CROSS JOIN (SELECT $2::timestamptz AS now, $3::smallint AS log) asked
         WHERE l.kind = 'journey' AND l.owner = $1 AND ${condition}`,
        [this.leases.id, this.clock.now(), LOG_PARTITION],
      );
    });
    return rows.map(({ id }) => id);
  }
}

/** Of several partitions. */
const halves = <T>(all: readonly T[]): (readonly T[])[] => {
  const middle = Math.ceil(all.length / 2);
  return [all.slice(0, middle), all.slice(middle)].filter((half) => half.length > 0);
};
