import { Inject, Injectable, Logger } from '@nestjs/common';
import { WORKSPACE_HOOKS, type WorkspaceHook } from '@percorso/access';
import { ConnectorRuntime } from '@percorso/connector';
import { CLOCK, type Clock, describeError } from '@percorso/kernel';
import { MembershipLog, nextRun, Sequencer } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import { RunStarter } from './run-starter';
import { nextMoment, workspaceZone } from './sync-schedule';
import { findSync } from './sync.store';
import {
  dueSyncs,
  goOn,
  reschedule,
  syncsInWorkspaceZone,
  type Triggered,
  triggeredSyncs,
  wantEvaluated,
  wantScheduled,
} from './trigger.store';

/** Taken up in one look, so that a workspace with many does not hold up the others. */
const MOST = 100;

/** Begins the runs that schedules, evaluations and deltas want; what is wanted while a run is open waits for its end. */
@Injectable()
export class Triggers implements WorkspaceHook {
  private readonly logger = new Logger(Triggers.name);

  constructor(
    private readonly database: Database,
    private readonly connectors: ConnectorRuntime,
    private readonly starter: RunStarter,
    private readonly log: MembershipLog,
    private readonly sequencer: Sequencer,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(WORKSPACE_HOOKS) hooks: WorkspaceHook[],
  ) {
    hooks.push(this);
  }

  /** Take notice of what fired in a workspace, and begin what can begin; how many runs that is. */
  async look(workspaceId: string): Promise<number> {
    const evaluated = await this.notice(workspaceId);
    // What the evaluation found has its place in the log before the run takes the log's end.
    if (evaluated > 0) await this.sequencer.drain(workspaceId, 'wait');
    const triggered = await this.database.tx(workspaceId, (tx) => triggeredSyncs(tx, MOST));
    let begun = 0;
    for (const sync of triggered) {
      try {
        if (await this.begin(workspaceId, sync)) begun += 1;
      } catch (error) {
        // It stays wanted; the others do not wait for it.
        this.logger.error(`A run of sync ${sync.id} could not begin: ${describeError(error)}`);
      }
    }
    return begun;
  }

  /** What goes by the workspace's clock goes by its new one. */
  async changed(tx: Transaction): Promise<void> {
    const now = this.clock.now();
    const zone = await workspaceZone(tx);
    for (const { id, cron } of await syncsInWorkspaceZone(tx, now)) {
      await reschedule(tx, id, nextRun(cron, zone, now));
    }
  }

  /** However long nobody looked, what was missed is one run. */
  private async notice(workspaceId: string): Promise<number> {
    const due = await this.database.tx(workspaceId, (tx) => dueSyncs(tx, this.clock.now(), MOST));
    for (const id of due) {
      await this.database.tx(workspaceId, async (tx) => {
        const sync = await findSync(tx, id, true);
        const now = this.clock.now();
        if (!sync?.nextRunAt || sync.nextRunAt > now || sync.state === 'paused') return;
        await wantScheduled(tx, id, await nextMoment(tx, sync.triggers, now));
      });
    }
    return this.database.tx(workspaceId, (tx) => wantEvaluated(tx));
  }

  private async begin(workspaceId: string, triggered: Triggered): Promise<boolean> {
    const connector = await this.connectors.describe(workspaceId, triggered.connectorId);
    return this.database.tx(workspaceId, async (tx) => {
      // The sync's row first, as whoever starts, plans or pauses does.
      const sync = await findSync(tx, triggered.id, true);
      if (!sync || sync.state === 'paused' || sync.usageViolations.length > 0) return false;
      if (!triggered.goesOn) {
        return (await this.starter.open(tx, sync, triggered.trigger, connector)) !== undefined;
      }
      const { pos, epoch } = await this.log.head(tx);
      // After a restore the run's positions mean nothing; the next one reads the members.
      return epoch === sync.cursorEpoch && goOn(tx, triggered.goesOn, pos);
    });
  }
}
