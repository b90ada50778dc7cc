import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Item } from '@percorso/plugin-kit';

export interface LoopOrder {
  settings: Record<string, unknown>;
  /** Items in one call of the plugin. */
  batch: number;
  /** Calls out at once. */
  concurrency: number;
}

/** `rows` as they are, or `blank`: the same rows with another value in each. */
export type LoopRun = 'rows' | 'blank';

export type ToLoop = { order: LoopOrder } | { items: Item[] } | { run: LoopRun };
export type FromLoop = { ready: true } | { seconds: number };

/** The peer: the plugin's batch method called in a loop, in a process of its own. */
export class BareLoop {
  private constructor(private readonly child: ChildProcess) {}

  static async start(order: LoopOrder): Promise<BareLoop> {
    const loop = new BareLoop(fork(join(__dirname, 'bare-loop-process.js'), { stdio: 'inherit' }));
    await loop.ask({ order });
    return loop;
  }

  /** Hands over the rows that every later run writes. */
  async load(items: readonly Item[]): Promise<void> {
    await this.ask({ items: items.map(({ key, payload }) => ({ key, payload })) });
  }

  /** Seconds it took to have every row accepted. */
  async run(run: LoopRun): Promise<number> {
    const answer = await this.ask({ run });
    return 'seconds' in answer ? answer.seconds : Number.NaN;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    await exited;
  }

  private ask(message: ToLoop): Promise<FromLoop> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new RangeError(`the loop exited with ${code}`));
      this.child.once('exit', ended);
      this.child.once('message', (answer) => {
        this.child.off('exit', ended);
        resolve(answer as FromLoop);
      });
      this.child.send(message);
    });
  }
}
