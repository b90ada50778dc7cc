import type { JourneyPlan } from './journey-plan';

/** After so long it is looked again, for what a process that is no more kept. */
const LOOK_MS = 60_000;

/**
 * Which workspaces have nothing that stood still with a paused journey and may go on now. That changes with the plan, when
 * a journey goes on; looking for it in each turn would cost the more, the more stands still.
 */
export class StoodStill {
  private readonly nothing = new Map<string, { plan: JourneyPlan; at: number }>();

  /** Whether there may be something. */
  mayGoOn(workspaceId: string, plan: JourneyPlan, now: Date): boolean {
    const last = this.nothing.get(workspaceId);
    return last?.plan !== plan || Math.abs(now.getTime() - last.at) >= LOOK_MS;
  }

  /** A look found nothing. */
  found(workspaceId: string, plan: JourneyPlan, now: Date): void {
    this.nothing.set(workspaceId, { plan, at: now.getTime() });
  }

  /** Something was kept that goes on with the next turn. */
  kept(workspaceId: string): void {
    this.nothing.delete(workspaceId);
  }
}
