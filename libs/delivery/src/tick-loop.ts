import { Logger } from '@nestjs/common';
import { isUnavailable } from '@percorso/storage';

/** Calls `turn` again and again with a rest in between; a turn that fails is logged and the next one comes later. */
export class TickLoop {
  private timer?: NodeJS.Timeout;
  private current?: Promise<void>;
  private stopped = true;
  private failures = 0;

  constructor(
    private readonly logger: Logger,
    private readonly everyMs: number,
    private readonly turn: () => Promise<void>,
  ) {}

  start(): void {
    this.stopped = false;
    this.plan(0);
  }

  /** Resolves when the turn in hand is over. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.current;
  }

  private plan(wait: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.current = this.run().finally(() => this.plan(this.everyMs * Math.min(8, 1 + this.failures)));
    }, wait);
  }

  private async run(): Promise<void> {
    try {
      await this.turn();
      this.failures = 0;
    } catch (error) {
      this.failures++;
      const cause = isUnavailable(error)
        ? 'database unavailable'
        : error instanceof Error
          ? error.message
          : 'unknown';
      this.logger.error({ cause, failures: this.failures }, 'A turn failed; the next one follows');
    }
  }
}
