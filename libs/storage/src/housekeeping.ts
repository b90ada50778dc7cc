import type { Clock } from '@percorso/kernel';
import { BackgroundWorker } from './background-worker';
import type { Database } from './database';
import { eachInTurn } from './each-in-turn';

const HOUR_MS = 3600_000;
/** Rows forgotten in one transaction. */
const AT_ONCE = 5000;

/** Hourly, forgets in every workspace what was kept for long enough. */
export abstract class Housekeeping extends BackgroundWorker {
  protected constructor(
    protected readonly database: Database,
    private readonly clock: Clock,
    private readonly keptHours: number,
  ) {
    super();
    this.addLoop(new.target.name, HOUR_MS, async (stopping) => void (await this.forget(stopping)));
  }

  /** One round over everything; how many rows it forgot. */
  async forget(stopping: () => boolean = () => false): Promise<number> {
    const before = new Date(this.clock.now().getTime() - this.keptHours * HOUR_MS);
    return eachInTurn(await this.places(), stopping, async (workspaceId) => {
      let sum = 0;
      for (let some = AT_ONCE; some === AT_ONCE && !stopping(); sum += some)
        some = await this.forgetSome(workspaceId, before, AT_ONCE);
      return sum;
    });
  }

  /** Where there is something to forget; undefined stands for what is no workspace's. */
  protected places(): Promise<(string | undefined)[]> {
    return this.database.workspaceIds();
  }

  /** Forgets at most `limit` rows from before `before`; how many. */
  protected abstract forgetSome(
    workspaceId: string | undefined,
    before: Date,
    limit: number,
  ): Promise<number>;
}
