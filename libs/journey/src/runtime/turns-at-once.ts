import { isUnavailable } from '@percorso/storage';

/** Turns that are under way together, each of another workspace. */
const MOST = 3;
const FIRST_REST_MS = 100;
const LONGEST_REST_MS = 10_000;

interface Rest {
  ms: number;
  /** By `performance.now`. */
  until: number;
}

/**
 * Takes turns of several workspaces at once, one of each: a workspace whose turns take long keeps no other waiting, and one
 * whose turns fail rests by itself, longer with every failure.
 */
export class TurnsAtOnce {
  private readonly underway = new Map<string, Promise<void>>();
  private readonly resting = new Map<string, Rest>();

  /** @param failed told of a turn that failed, and for how many milliseconds the workspace has none */
  constructor(
    private readonly turn: (workspaceId: string) => Promise<void>,
    private readonly failed: (error: unknown, restMs: number) => void,
  ) {}

  /**
   * Have turns taken; resolves when they have ended, or after `patienceMs`, while the slow ones go on.
   * @returns whether some had one under way from before: what they wait for may have come since it began
   */
  async take(workspaces: readonly string[], stopping: () => boolean, patienceMs: number): Promise<boolean> {
    let again = false;
    for (const workspaceId of workspaces) {
      while (this.underway.size >= MOST) await Promise.race(this.underway.values());
      if (stopping()) break;
      if (this.underway.has(workspaceId)) again = true;
      else if (!this.rests(workspaceId)) this.begin(workspaceId);
    }
    if (this.underway.size === 0) return again;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
    await Promise.race([this.ended(), patience]);
    clearTimeout(timer);
    return again;
  }

  /** Resolves when none is under way any more. */
  async ended(): Promise<void> {
    await Promise.all(this.underway.values());
  }

  private begin(workspaceId: string): void {
    const turn = this.once(workspaceId).finally(() => this.underway.delete(workspaceId));
    this.underway.set(workspaceId, turn);
  }

  private async once(workspaceId: string): Promise<void> {
    try {
      await this.turn(workspaceId);
      this.resting.delete(workspaceId);
    } catch (error) {
      const before = this.resting.get(workspaceId);
      // Without PostgreSQL nothing is begun; it is the same for all, and over when it is back.
      const ms = before && !isUnavailable(error) ? Math.min(before.ms * 2, LONGEST_REST_MS) : FIRST_REST_MS;
      this.resting.set(workspaceId, { ms, until: performance.now() + ms });
      this.failed(error, ms);
    }
  }

  private rests(workspaceId: string): boolean {
    return performance.now() < (this.resting.get(workspaceId)?.until ?? 0);
  }
}
