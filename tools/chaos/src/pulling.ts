import { setTimeout as sleep } from 'node:timers/promises';
import { Puller as Pull } from '@percorso/demo';
import type { Workspace } from './workspace';

const PAUSE_MS = 2_000;

/** An outside tool that keeps copies of the audiences by their cursors, and tries again whatever happens. */
export class Puller {
  private readonly pulls: Record<'vips' | 'buyers', Pull>;
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(url: string, { audiences, readKey }: Pick<Workspace, 'audiences' | 'readKey'>) {
    const pull = (id: string): Pull => new Pull(`${url}/v1/audiences/${id}`, readKey);
    this.pulls = { vips: pull(audiences.vips), buyers: pull(audiences.buyers) };
  }

  start(): void {
    this.running = this.keep();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  /** Profile ids it holds, after one more pull. */
  async members(name: 'vips' | 'buyers'): Promise<ReadonlySet<string>> {
    await this.pulls[name].pull();
    return this.pulls[name].members;
  }

  private async keep(): Promise<void> {
    while (!this.stopped) {
      // Down, or on its way up: the next pull goes on from the same cursor.
      for (const pull of Object.values(this.pulls)) await pull.pull().catch(() => undefined);
      await sleep(PAUSE_MS);
    }
  }
}
