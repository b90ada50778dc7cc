/** Spaces items evenly: never more than the rate over any stretch of time, batch by batch. */
export class RateLimiter {
  private readonly free = new Map<string, number>();

  /** Milliseconds from `now` until `key` may send again. */
  waitMs(key: string, now: number): number {
    return Math.max(0, (this.free.get(key) ?? 0) - now);
  }

  /** Notes that `count` items go out at `at`. */
  take(key: string, count: number, perSecond: number, at: number): void {
    this.free.set(key, Math.max(at, this.free.get(key) ?? 0) + (count / perSecond) * 1000);
  }
}
