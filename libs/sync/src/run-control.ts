import { Inject, Injectable } from '@nestjs/common';
import { audit } from '@percorso/access';
import { dropPending, type Pending } from '@percorso/delivery';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { cancelRun, runsToLetGo, type RunRow } from './run.store';
import { setSyncState } from './sync.store';

/** Effects let go in one transaction. */
const BATCH = 2000;
/** How long after a run was cancelled it is looked whether its hub died over letting go. */
const REMEMBERED_MS = 3_600_000;
const CANCELLED = { code: 'cancelled', reason: 'The run was cancelled before this was sent.' };

/** Pauses, resumes and cancels runs. */
@Injectable()
export class RunControl {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A sync has one run at a time: pausing the run is pausing the sync. @throws Problem 409 when the run has ended */
  async setState(workspaceId: string, actor: string, run: RunRow, state: 'active' | 'paused'): Promise<void> {
    if (run.state !== 'planning' && run.state !== 'delivering') throw ended(run);
    await this.database.tx(workspaceId, async (tx) => {
      await setSyncState(tx, run.syncId, state, this.clock.now());
      await audit(tx, actor, state === 'paused' ? 'run.pause' : 'run.resume', run.id, { syncId: run.syncId });
    });
  }

  /** What is being sent is finished, what waits is let go; removals of what is there go on. @throws Problem 409 when it has ended */
  async cancel(workspaceId: string, actor: string, run: RunRow): Promise<void> {
    const cancelledAt = this.clock.now();
    await this.database.tx(workspaceId, async (tx) => {
      if (!(await cancelRun(tx, run, cancelledAt))) throw ended(run);
      await audit(tx, actor, 'run.cancel', run.id, { syncId: run.syncId });
    });
    await this.letGo(workspaceId, { runId: run.id, cancelledAt });
  }

  /** Goes on with what a hub that died left undone. */
  async look(workspaceId: string): Promise<void> {
    const since = new Date(this.clock.now().getTime() - REMEMBERED_MS);
    const left = await this.database.tx(workspaceId, (tx) => runsToLetGo(tx, since));
    for (const run of left) await this.letGo(workspaceId, run);
  }

  private async letGo(workspaceId: string, run: Pending): Promise<void> {
    for (let dropped = BATCH; dropped === BATCH;) {
      dropped = await this.database.tx(workspaceId, (tx) =>
        dropPending(tx, run, CANCELLED, this.clock.now(), BATCH),
      );
    }
  }
}

const ended = ({ id }: RunRow): Problem => Problem.conflict('run-ended', `Run ${id} has ended.`);
