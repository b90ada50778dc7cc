import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundLoop, type BackgroundLoopOptions } from './background-loop';

/** What a process does in the background: loops that begin once the application has started and end before it stops. */
export abstract class BackgroundWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loops: BackgroundLoop[] = [];

  onApplicationBootstrap(): void {
    for (const loop of this.loops) loop.start();
  }

  /** Resolves when the turns in hand have ended. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.loops.map((loop) => loop.stop()));
  }

  protected addLoop(
    name: string,
    idleMs: BackgroundLoopOptions['idleMs'],
    turn: BackgroundLoopOptions['turn'],
  ): BackgroundLoop {
    const loop = new BackgroundLoop({ name, idleMs, turn });
    this.loops.push(loop);
    return loop;
  }
}
