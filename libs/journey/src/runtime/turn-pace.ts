/** A turn whose writing takes longer is too large, one that is done in so little may grow. */
const LONG_MS = 150;
const SHORT_MS = 60;
const SLOWEST = 1 / 64;

/** The part of a full turn that is taken up, by workspace: so much that its writing is short. */
export class TurnPace {
  private readonly paces = new Map<string, number>();

  /** 1 or less. */
  of(workspaceId: string): number {
    return this.paces.get(workspaceId) ?? 1;
  }

  wrote(workspaceId: string, tookMs: number): void {
    const pace = this.of(workspaceId);
    if (tookMs > LONG_MS) this.paces.set(workspaceId, Math.max(SLOWEST, pace / 2));
    else if (pace < 1 && tookMs < SHORT_MS) this.paces.set(workspaceId, Math.min(1, pace * 2));
  }
}
