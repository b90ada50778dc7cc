import { Injectable } from '@nestjs/common';
import { BackgroundWorker, Database } from '@percorso/storage';
import { JourneyUsageGuard } from './usage-guard';

const TICK_MS = 500;

/** Holds journeys against usage rules that have changed. */
@Injectable()
export class JourneyUsageLoop extends BackgroundWorker {
  constructor(database: Database, usage: JourneyUsageGuard) {
    super();
    this.addLoop(JourneyUsageLoop.name, TICK_MS, async () => {
      for (const workspaceId of await database.workspaceIds()) await usage.recheck(workspaceId);
    });
  }
}
