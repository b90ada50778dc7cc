import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  PluginRuntime,
  type CapabilityOptions,
  type Item,
  type Operation,
  type Verdict,
} from '@percorso/plugin-kit';
import type { AnyPaper, Delivered, FaultName, Stoppable } from './paper';
import { inThisProcess, type Run } from './run';

export const DEADLINE_MS = 15_000;
const RESTS = 20;
const REST_MS = 500;

/** Where the exam takes place: the plugin running against the twin, and what questions do with both. */
export class Ground {
  readonly limits: CapabilityOptions;
  private twinStarted?: Stoppable;
  private runStarted?: Run;
  private count = 0;

  constructor(readonly paper: AnyPaper) {
    this.limits = this.limitsOf(paper.operation);
  }

  limitsOf(operation: Operation): CapabilityOptions {
    const limits = PluginRuntime.describe(this.paper.plugin).operations[operation];
    assert(limits, `the plugin has no ${operation}`);
    return limits;
  }

  async start(): Promise<void> {
    this.twinStarted = await this.paper.twin();
    this.runStarted = this.begin({});
  }

  async stop(): Promise<void> {
    this.runStarted?.close();
    await this.twinStarted?.stop();
  }

  get twin(): Stoppable {
    assert(this.twinStarted, 'the exam has not started');
    return this.twinStarted;
  }

  get run(): Run {
    assert(this.runStarted, 'the exam has not started');
    return this.runStarted;
  }

  /** Another run, with some settings changed. */
  begin(changes: Record<string, unknown>): Run {
    const start = this.paper.run ?? inThisProcess(this.paper.plugin);
    return start({ ...this.paper.settings(this.twin), ...changes });
  }

  items(count: number): Item[] {
    return Array.from({ length: count }, () => this.item(this.paper.payload(this.count + 1)));
  }

  item(payload: Record<string, unknown>): Item {
    this.count += 1;
    return { key: `exam:${this.count}`, payload, at: new Date().toISOString() };
  }

  /** One verdict per item. */
  async deliver(
    items: Item[],
    { deadlineMs = DEADLINE_MS, operation = this.paper.operation } = {},
  ): Promise<Verdict[]> {
    const outcome = await this.run.deliver(operation, items, deadlineMs);
    assert('value' in outcome, `the connector is at fault: ${JSON.stringify(outcome)}`);
    assert.equal(outcome.value.length, items.length, 'there must be one verdict per item');
    return outcome.value;
  }

  /** An item the provider took, and what it is called there. */
  async delivered(): Promise<Delivered> {
    const [item] = this.items(1) as [Item];
    const verdicts = await this.deliver([item]);
    expectAll(verdicts, 'accepted');
    const [verdict] = verdicts;
    return { ...item, ...(verdict?.status === 'accepted' ? { providerId: verdict.providerId } : {}) };
  }

  /** An item is accepted again; a host may rest for a moment after it had to end the plugin's process. */
  async recovers(): Promise<void> {
    const items = this.items(1);
    for (let tries = 0; ; tries++) {
      const verdicts = await this.deliver(items);
      const [verdict] = verdicts;
      const resting = verdict?.status === 'retry' && verdict.code.startsWith('plugin-');
      if (!resting || tries >= RESTS) return expectAll(verdicts, 'accepted');
      await sleep(REST_MS);
    }
  }

  async inject(name: FaultName, seconds?: number): Promise<void> {
    await this.paper.faults[name]?.(this.twin, seconds);
  }

  async arrivedTimes(times: number, ...items: Item[]): Promise<void> {
    const arrived = await this.paper.arrived(this.twin);
    for (const item of items) {
      const found = arrived.filter((mark) => mark === this.markOf(item)).length;
      assert.equal(found, times, `arrived at the twin ${found} times and not ${times}`);
    }
  }

  markOf({ payload }: Item): string {
    return this.paper.mark(payload);
  }

  /** Settings that must be in no log, and everybody the exam named. */
  secretsAndPeople(): string[] {
    const settings = this.paper.settings(this.twin);
    const { secrets } = PluginRuntime.describe(this.paper.plugin);
    const people = Array.from({ length: this.count }, (_, n) => this.paper.mark(this.paper.payload(n + 1)));
    return [
      ...secrets.flatMap((field) => (settings[field] === undefined ? [] : [String(settings[field])])),
      ...people,
    ];
  }
}

export function expectAll(verdicts: readonly Verdict[], ...allowed: Verdict['status'][]): void {
  const other = verdicts.find((verdict) => !allowed.includes(verdict.status));
  assert(!other, `expected ${allowed.join(' or ')}, not ${JSON.stringify(other)}`);
}
