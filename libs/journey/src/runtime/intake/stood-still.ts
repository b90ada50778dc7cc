import { Injectable } from '@nestjs/common';
import type { JourneyPlan } from '../plan/journey-plan';

/** After so long it is looked again, for what a process that is no more kept. */
const LOOK_MS = 60_000;

interface Look {
  plan: JourneyPlan;
  at: number;
}

/**
 * Which partitions have nothing that stood still with a paused journey and may go on now. That changes with the plan, when
 * a journey goes on; looking for it in each turn would cost the more, the more stands still.
 */
@Injectable()
export class StoodStill {
  /** Looks that found nothing, by workspace and partition. */
  private readonly nothing = new Map<string, Map<number, Look>>();

  /** Whether one of the partitions may have something. */
  mayGoOn(workspaceId: string, partitions: readonly number[], plan: JourneyPlan, now: Date): boolean {
    const looks = this.nothing.get(workspaceId);
    return partitions.some((partition) => {
      const last = looks?.get(partition);
      return last?.plan !== plan || Math.abs(now.getTime() - last.at) >= LOOK_MS;
    });
  }

  /** A look found nothing. */
  found(workspaceId: string, partitions: readonly number[], plan: JourneyPlan, now: Date): void {
    const looks = this.nothing.get(workspaceId) ?? new Map<number, Look>();
    for (const partition of partitions) looks.set(partition, { plan, at: now.getTime() });
    this.nothing.set(workspaceId, looks);
  }

  /** Something was kept that goes on with the next turn. */
  kept(workspaceId: string): void {
    this.nothing.delete(workspaceId);
  }
}
