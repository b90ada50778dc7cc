import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { Planner } from './planner';

/** After a run could not be planned, before it may be tried again. */
const REST_MS = 2_000;

/** Plans runs side by side in this process, each once. */
@Injectable()
export class PlanPump {
  private readonly logger = new Logger(PlanPump.name);
  private readonly running = new Map<string, Promise<void>>();

  constructor(private readonly planner: Planner) {}

  /** Sees to it that the run is planned; returns at once. A run that fails here is found again by the reconciler. */
  wake(workspaceId: string, runId: string): void {
    if (this.running.has(runId)) return;
    const plan = this.planner
      .plan(workspaceId, runId)
      .catch(async (error: unknown) => {
        const cause =
          error instanceof Problem ? error.code : error instanceof Error ? error.message : 'unknown';
        this.logger.error({ runId, cause }, 'A run could not be planned and will be tried again');
        await sleep(REST_MS);
        // Where that fails too, its lease runs out.
        await this.planner.giveBack(workspaceId, runId).catch(() => undefined);
      })
      .finally(() => this.running.delete(runId));
    this.running.set(runId, plan);
  }

  async settled(): Promise<void> {
    await Promise.all(this.running.values());
  }
}
