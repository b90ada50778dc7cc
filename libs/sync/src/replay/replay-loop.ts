import { BeforeApplicationShutdown, Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { BackgroundLoop, Database } from '@percorso/storage';
import { ReplayWork } from './replay-work';
import { dueReplays } from './replay.store';
import { Replays } from './replays';

const TICK_MS = 500;

/** Goes on with every replay PostgreSQL knows, a page of each in turn. */
@Injectable()
export class ReplayLoop implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly database: Database,
    private readonly work: ReplayWork,
    private readonly replays: Replays,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.loop = new BackgroundLoop({ name: ReplayLoop.name, idleMs: TICK_MS, turn: () => this.look() });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
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
