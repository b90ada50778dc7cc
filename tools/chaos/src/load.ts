import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosInstance } from 'axios';
import type { Call } from '@percorso/demo';
import type { AcknowledgedJournal } from './journal';
import type { ShopLife } from './shop-life';

const LANES = 3;
const BATCH = 50;
const TICK_MS = 100;
const TIMEOUT_MS = 10_000;
const PAUSE_MS = 200;

/** The hub refused a batch for good, which no fault excuses. */
export class BatchRefused extends Error {
  override readonly name = 'BatchRefused';
}

/**
 * Sends the life of a shop at a steady rate. What is not acknowledged is sent again until it is, what is acknowledged is
 * written down and never sent again. Everybody's calls keep their order.
 */
export class Load {
  private readonly lanes: Call[][] = Array.from({ length: LANES }, () => []);
  private readonly http: AxiosInstance;
  private running: Promise<unknown> = Promise.resolve();
  private stopping = false;
  private aborted = false;
  /** Calls made so far. */
  made = 0;
  /** Requests that brought no answer, or one that said later. */
  tries = 0;

  constructor(
    private readonly life: ShopLife,
    private readonly journal: AcknowledgedJournal,
    { url, writeKey }: { url: string; writeKey: string },
  ) {
    this.http = axios.create({
      baseURL: url,
      auth: { username: writeKey, password: '' },
      timeout: TIMEOUT_MS,
      proxy: false,
      validateStatus: () => true,
    });
  }

  /** @returns rejects as soon as the hub refuses something */
  start(perSecond: number): Promise<unknown> {
    this.running = Promise.all([this.make(perSecond), ...this.lanes.map((lane) => this.send(lane))]);
    this.running.catch(() => undefined);
    return this.running;
  }

  /** No more happens; resolves when everything that did is acknowledged. */
  async finish(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  abort(): void {
    this.stopping = true;
    this.aborted = true;
  }

  private async make(perSecond: number): Promise<void> {
    const started = Date.now();
    while (!this.stopping) {
      while (this.made < ((Date.now() - started) / 1000) * perSecond) {
        const calls = this.life.next();
        const [{ userId, anonymousId } = { userId: '' }] = calls;
        // Of one person, by the digits that both ids end with.
        const lane = Number(/\d+$/.exec(userId ?? anonymousId ?? '')?.[0] ?? 0) % LANES;
        this.lanes[lane]!.push(...calls);
        this.made += calls.length;
      }
      await sleep(TICK_MS);
    }
  }

  private async send(lane: Call[]): Promise<void> {
    while (!this.aborted && !(this.stopping && lane.length === 0)) {
      const batch = lane.slice(0, BATCH);
      if (batch.length > 0 && (await this.isAcknowledged(batch))) {
        this.journal.add(batch);
        lane.splice(0, batch.length);
      } else {
        await sleep(PAUSE_MS);
      }
    }
  }

  private async isAcknowledged(batch: readonly Call[]): Promise<boolean> {
    const answer = await this.http.post('/v1/batch', { batch }).catch(() => undefined);
    if (answer && answer.status < 300) return true;
    if (answer && answer.status < 500 && answer.status !== 429)
      throw new BatchRefused(`A batch was refused with ${answer.status}: ${JSON.stringify(answer.data)}`);
    this.tries += 1;
    return false;
  }
}
