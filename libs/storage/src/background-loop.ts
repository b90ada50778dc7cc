import { Logger } from '@nestjs/common';
import { describeError } from '@percorso/kernel';
import { isUnavailable } from './database';

export interface BackgroundLoopOptions {
  name: string;
  /** Milliseconds between looks when there was nothing to do. */
  idleMs: number;
  /** One look; true when there may be more to do at once. Must not run long after `stopping` turns true. */
  turn: (stopping: () => boolean) => Promise<boolean | void>;
}

/** Doubles with each failure up to this; a loop that rests longer anyway keeps its rest. */
const LONGEST_REST_MS = 10_000;
/** For PostgreSQL everything waits, and to ask whether it is back costs nothing. */
const LONGEST_WITHOUT_DATABASE_MS = 2_000;

/** How long a loop rests after a turn that failed; `rest` is how long it rested before. */
export function restAfter(error: unknown, rest: number, idleMs: number): number {
  const longest = isUnavailable(error) ? LONGEST_WITHOUT_DATABASE_MS : LONGEST_REST_MS;
  return Math.max(idleMs, Math.min(rest * 2, longest));
}

/** Turns one after another until stopped; a turn that fails is logged and, after a growing rest, tried again. */
export class BackgroundLoop {
  private readonly logger: Logger;
  private running?: Promise<void>;
  private stopped = false;
  private woken = false;
  private wake: () => void = () => undefined;

  constructor(private readonly options: BackgroundLoopOptions) {
    this.logger = new Logger(options.name);
  }

  start(): void {
    this.running ??= this.run();
  }

  /** There is work now: do not wait for the next look. */
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
    let rest = this.options.idleMs;
    while (!this.stopped) {
      this.woken = false;
      try {
        const more = await this.options.turn(() => this.stopped);
        rest = this.options.idleMs;
        if (more) continue;
      } catch (error) {
        rest = restAfter(error, rest, this.options.idleMs);
        this.woken = false;
        this.logger.error(`A turn failed; the next one follows in ${rest} ms: ${describeError(error)}`);
      }
      await this.pause(rest);
    }
  }

  private pause(milliseconds: number): Promise<void> {
    if (this.stopped || this.woken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
