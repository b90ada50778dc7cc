import { Logger } from '@nestjs/common';

const LONGEST_REST_MS = 10_000;

/** Turns of background work until stopped. A turn that fails is logged and, after a growing rest, tried again. */
export class WorkerLoop {
  private readonly logger: Logger;
  private running?: Promise<void>;
  private stopped = false;
  private woken = false;
  private wake: () => void = () => undefined;

  constructor(
    name: string,
    private readonly idleMs: number,
    private readonly turn: () => Promise<void>,
  ) {
    this.logger = new Logger(name);
  }

  start(): void {
    this.running ??= this.run();
  }

  /** There is work now: do not rest. */
  nudge(): void {
    this.woken = true;
    this.wake();
  }

  /** Resolves when the turn in hand has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    let rest = this.idleMs;
    while (!this.stopped) {
      this.woken = false;
      try {
        await this.turn();
        rest = this.idleMs;
      } catch (error) {
        rest = Math.min(rest * 2, LONGEST_REST_MS);
        this.woken = false;
        this.logger.error(`A turn failed (${(error as Error).name}); next one in ${rest} ms`);
      }
      if (!this.woken) await this.pause(rest);
    }
  }

  private pause(milliseconds: number): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
