import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { type JourneyJob, JobStore } from '../../journey/job.store';
import { endInstances } from '../keep/end-instances';
import { JourneyTurns } from '../journey-turns';

/** Instances of one transaction. */
const PAGE = 200;

/** Carries out what is asked of people in flight, page by page; a crash costs the page in hand, which is done again. */
@Injectable()
export class JourneyJobs {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly jobs: JobStore,
    private readonly turns: JourneyTurns,
  ) {}

  /** The next page of each job there is. @returns how many instances were concerned */
  async look(workspaceId: string): Promise<number> {
    const open = await this.database.tx(workspaceId, (tx) => this.jobs.open(tx));
    let concerned = 0;
    for (const job of open) {
      concerned +=
        job.kind === 'stop'
          ? await this.stop(workspaceId, job)
          : await this.turns.page(workspaceId, job, PAGE);
    }
    return concerned;
  }

  private stop(workspaceId: string, { id }: JourneyJob): Promise<number> {
    return this.database.tx(workspaceId, async (tx) => {
      const job = await this.jobs.lock(tx, id);
      if (!job) return 0;
      const now = this.clock.now();
      const ids = await this.jobs.page(tx, job, PAGE);
      await endInstances(tx, ids, 'stopped', now);
      await this.jobs.took(tx, job, ids, ids.length < PAGE, now);
      return ids.length;
    });
  }
}
