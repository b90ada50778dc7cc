import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundLoop, Database } from '@percorso/storage';
import { JourneyUsageGuard } from './usage-guard';

const TICK_MS = 500;

/** Holds journeys against usage rules that have changed. */
@Injectable()
export class JourneyUsageLoop implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: BackgroundLoop;

  constructor(database: Database, usage: JourneyUsageGuard) {
    this.loop = new BackgroundLoop({
      name: JourneyUsageLoop.name,
      idleMs: TICK_MS,
      turn: async () => {
        for (const workspaceId of await database.workspaceIds()) await usage.recheck(workspaceId);
      },
    });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }
}
