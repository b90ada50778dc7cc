/** Inserted in one transaction, it is worth a look at once. */
export const MANY_ROWS = 1000;
/** How long after other commits it is looked. */
const LOOK_MS = 2000;
/** So many times as long as a look took, the next one waits: all of them together take a twentieth of the time at most. */
const REST = 20;
const REST_AFTER_FAILURE_MS = 60_000;
/** A connection that rests tells PostgreSQL of what it wrote within ten seconds: by then it is looked once more. */
const LAST_LOOK_MS = 11_000;

/**
 * Has tables that grew analyzed while there are commits. Without it PostgreSQL plans for up to a minute as if what was
 * loaded were not there: rows of a workspace that its statistics do not know count as one or two, and a join of thousands
 * is made for two.
 */
export class TableStatistics {
  private timer?: NodeJS.Timeout;
  private dueAt = Infinity;
  private restUntil = -Infinity;
  private committedAt = -Infinity;
  private looking?: Promise<void>;
  private closed = false;

  /** @param analyze analyzes what has grown */
  constructor(private readonly analyze: () => Promise<unknown>) {}

  /** Something was committed; `inserted`: rows, as far as they were counted. */
  committed(inserted: number): void {
    this.committedAt = performance.now();
    this.lookIn(inserted >= MANY_ROWS ? 0 : LOOK_MS);
  }

  /** Resolves when nothing is looked at any more. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  private lookIn(milliseconds: number): void {
    const now = performance.now();
    const at = Math.max(now + milliseconds, this.restUntil);
    if (this.closed || this.looking || at >= this.dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = at;
    this.timer = setTimeout(() => (this.looking = this.look()), at - now).unref();
  }

  private async look(): Promise<void> {
    const began = performance.now();
    const failed = await this.analyze().then(
      () => false,
      () => true,
    );
    const ended = performance.now();
    this.restUntil = ended + (failed ? REST_AFTER_FAILURE_MS : REST * (ended - began));
    this.looking = undefined;
    this.dueAt = Infinity;
    if (this.committedAt > began) this.lookIn(LOOK_MS);
    else if (this.committedAt > began - LAST_LOOK_MS) this.lookIn(LAST_LOOK_MS);
  }
}
