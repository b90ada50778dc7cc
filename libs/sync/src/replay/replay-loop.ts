import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { BackgroundWorker, Database } from '@percorso/storage';
import { ReplayWork } from './replay-work';
import { dueReplays } from './replay.store';
import { Replays } from './replays';

const TICK_MS = 500;

/** Goes on with every replay PostgreSQL knows, a page of each in turn. */
@Injectable()
export class ReplayLoop extends BackgroundWorker {
  constructor(
    private readonly database: Database,
    private readonly work: ReplayWork,
    private readonly replays: Replays,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super();
    this.addLoop(ReplayLoop.name, TICK_MS, () => this.look());
  }

  private async look(): Promise<boolean> {
    let more = false;
    for (const workspaceId of await this.database.workspaceIds()) {
      await this.replays.look(workspaceId);
      const due = await this.database.tx(workspaceId, (tx) => dueReplays(tx, this.clock.now()));
      more = (await this.work.advanceAll(workspaceId, due)) || more;
    }
    return more;
  }
}
