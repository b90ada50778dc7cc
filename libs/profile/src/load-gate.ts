import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { Loader } from './loader';
import type { LoadLock } from './load-lock';

/** The position ClickHouse stands at. */
export interface AsOf {
  partition: number;
  pos: number;
}

const PAUSE_MS = 25;
/** How long to wait for others' work under the gate, and for the loader to catch up. */
const WAIT_MS = 120_000;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/** Set computation at a known position: while work runs, ClickHouse stands still. */
@Injectable()
export class LoadGate {
  constructor(private readonly loader: Loader) {}

  /**
   * Bring ClickHouse to the position that is applied when the last row goes over, hold the loader there and run
   * `work`. One connection is held while it runs, none while it waits its turn.
   * @throws Problem 503 `loader-behind` after two minutes of waiting.
   */
  async holdLoaded<T>(workspaceId: string, work: (asOf: AsOf) => Promise<T>): Promise<T> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const held = await this.loader.hold(workspaceId, async (lock) =>
        work(await this.catchUp(workspaceId, lock, deadline)),
      );
      if (held) return held.result;
      if (Date.now() > deadline) throw behind();
      await pause();
    }
  }

  private async catchUp(workspaceId: string, lock: LoadLock, deadline: number): Promise<AsOf> {
    for (;;) {
      const turn = await this.loader.load(workspaceId, lock);
      if (turn.complete) {
        await this.loader.settle();
        return turn.positions[0] ?? { partition: 0, pos: 0 };
      }
      if (Date.now() > deadline) throw behind();
    }
  }
}

const behind = (): Problem =>
  new Problem({
    status: 503,
    code: 'loader-behind',
    title: 'ClickHouse is still being brought up to date',
    retryAfter: 10,
  });
