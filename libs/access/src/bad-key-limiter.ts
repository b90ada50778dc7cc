import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';

const WINDOW_MS = 60_000;
const TRIES = 10;
const MAX_ADDRESSES = 50_000;

/** Ten wrong keys a minute from one address, then 429. Right keys always pass: a neighbour's mistakes lock nobody out. */
@Injectable()
export class BadKeyLimiter {
  private readonly windows = new Map<string, { since: number; tries: number }>();

  /** @throws Problem 429 once the address has used up its tries. */
  refused(address: string, now = performance.now()): void {
    const window = this.windowOf(address, now);
    window.tries += 1;
    if (window.tries <= TRIES) return;
    throw new Problem({
      status: 429,
      code: 'too-many-bad-keys',
      title: 'Too many requests with a wrong key',
      detail: `After ${TRIES} wrong keys within a minute, wait before trying another.`,
      retryAfter: Math.max(1, Math.ceil((window.since + WINDOW_MS - now) / 1000)),
    });
  }

  private windowOf(address: string, now: number): { since: number; tries: number } {
    const known = this.windows.get(address);
    if (known && now - known.since < WINDOW_MS) return known;
    if (this.windows.size >= MAX_ADDRESSES) this.forgetEnded(now);
    const fresh = { since: now, tries: 0 };
    this.windows.set(address, fresh);
    return fresh;
  }

  private forgetEnded(now: number): void {
    for (const [address, { since }] of this.windows) {
      if (now - since >= WINDOW_MS) this.windows.delete(address);
    }
    if (this.windows.size >= MAX_ADDRESSES) this.windows.clear();
  }
}
