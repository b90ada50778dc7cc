import assert from 'node:assert/strict';
import {
  parseManifest,
  PluginRuntime,
  type CapabilityOptions,
  type Item,
  type Verdict,
} from '@percorso/plugin-kit';
import { FAULTS, missingFaults, readPackageJson, type FaultName, type Paper } from './paper';
import { inThisProcess, type Run } from './run';

export interface Question {
  name: string;
  /** @throws AssertionError with what is wrong */
  ask(): Promise<void>;
}

const DEADLINE_MS = 15_000;
const SLOW_MS = 2000;

/** The exam as a list of questions, each answered by running the plugin against a fresh mark of payloads at the twin. */
export class Exam<S extends object, T extends { stop(): Promise<void> }> {
  private twin?: T;
  private run?: Run;
  private count = 0;
  private readonly limits: CapabilityOptions;

  constructor(private readonly paper: Paper<S, T>) {
    const { operations } = PluginRuntime.describe(paper.plugin);
    const limits = operations[paper.operation];
    assert(limits, `the plugin has no ${paper.operation}`);
    this.limits = limits;
  }

  async start(): Promise<void> {
    this.twin = await this.paper.twin();
    this.run = this.begin({});
  }

  async stop(): Promise<void> {
    this.run?.close();
    await this.twin?.stop();
  }

  questions(): Question[] {
    const { faults } = this.paper;
    const fault = (name: FaultName, ask: () => Promise<void>): Question[] =>
      faults[name] ? [{ name: `when the provider ${FAULTS[name]}`, ask }] : [];
    return [
      { name: 'nothing is left out of this exam', ask: () => this.isComplete() },
      { name: 'the manifest says what the code has', ask: () => this.manifestIsTrue() },
      { name: 'empty settings are refused, secrets are write-only', ask: () => this.settingsAreGuarded() },
      { name: 'the check passes with good settings', ask: () => this.checkPasses() },
      { name: 'wrong credentials are told as such, and nothing is sent', ask: () => this.wrongCredentials() },
      { name: 'an unreachable provider means retry', ask: () => this.unreachable() },
      { name: 'a full batch is accepted, each item once', ask: () => this.fullBatch() },
      {
        name: 'a refused item fails alone, with a reason that quotes nobody',
        ask: () => this.partialFailure(),
      },
      { name: 'an oversized item fails alone', ask: () => this.oversized() },
      { name: 'the same item twice has the effect its idempotency says', ask: () => this.twice() },
      { name: 'lookup tells what arrived', ask: () => this.lookup() },
      ...fault('throttle', () => this.throttled('throttle', 7)),
      ...fault('throttleBare', () => this.throttled('throttleBare', undefined)),
      ...fault('unavailable', () => this.throttled('unavailable', undefined)),
      ...fault('broken', () => this.inDoubt('broken')),
      ...fault('slow', () => this.slow()),
      ...fault('dropBefore', () => this.inDoubt('dropBefore')),
      ...fault('dropAfter', () => this.acceptedUnheard()),
      { name: 'the log holds neither people nor secrets', ask: () => this.logIsClean() },
    ];
  }

  private async isComplete(): Promise<void> {
    const missing = missingFaults(this.paper);
    assert.equal(missing.length, 0, `missing from this exam:\n- ${missing.join('\n- ')}`);
  }

  private async manifestIsTrue(): Promise<void> {
    const result = parseManifest(readPackageJson(this.paper.packageJson));
    assert(result, 'package.json lacks the keyword percorso-plugin');
    assert('manifest' in result, 'errors' in result ? result.errors.join('; ') : '');
    const { capabilities } = PluginRuntime.describe(this.paper.plugin);
    assert.deepEqual([...result.manifest.capabilities].sort(), [...capabilities].sort());
  }

  private async settingsAreGuarded(): Promise<void> {
    const errors = PluginRuntime.validate(this.paper.plugin, {});
    assert(errors.length > 0, 'empty settings pass');
    assert(
      errors.every(({ pointer }) => pointer.startsWith('/')),
      'errors must have pointers',
    );
    const { settingsSchema, secrets } = PluginRuntime.describe(this.paper.plugin);
    const properties = settingsSchema['properties'] as Record<string, { writeOnly?: boolean }>;
    for (const field of secrets)
      assert.equal(properties[field]?.writeOnly, true, `${field} is not writeOnly`);
  }

  private async checkPasses(): Promise<void> {
    assert.equal(await this.running.check(), null);
  }

  private async wrongCredentials(): Promise<void> {
    const run = this.begin(this.paper.wrongCredentials);
    try {
      assert.equal((await run.check())?.code, 'bad-credentials');
      const [item] = this.items(1);
      const outcome = await run.deliver(this.paper.operation, [item as Item], DEADLINE_MS);
      assert('fault' in outcome, `expected a fault, not ${JSON.stringify(outcome)}`);
      assert.equal(outcome.fault.code, 'bad-credentials');
      await this.arrivedTimes(item as Item, 0);
    } finally {
      run.close();
    }
  }

  private async unreachable(): Promise<void> {
    const run = this.begin(this.paper.unreachable);
    try {
      assert.notEqual(await run.check(), null);
      const outcome = await run.deliver(this.paper.operation, this.items(2), DEADLINE_MS);
      assert('value' in outcome, JSON.stringify(outcome));
      expectAll(outcome.value, ['retry']);
    } finally {
      run.close();
    }
  }

  private async fullBatch(): Promise<void> {
    const items = this.items(this.limits.batch);
    expectAll(await this.deliver(items), ['accepted']);
    const arrived = await this.paper.arrived(this.ground);
    for (const item of items)
      assert.equal(countOf(arrived, this.markOf(item)), 1, 'an item did not arrive once');
  }

  private async partialFailure(): Promise<void> {
    const items = this.items(Math.min(this.limits.batch, 20));
    const at = Math.floor(items.length / 2);
    const bad = { key: this.key(), payload: await this.paper.refused(this.ground) };
    items[at] = bad;
    const verdicts = await this.deliver(items);
    const verdict = verdicts[at];
    assert.equal(verdict?.status, 'rejected', JSON.stringify(verdict));
    assert(verdict.code !== '' && verdict.reason !== '', 'a rejection needs a code and a reason');
    assert(!verdict.reason.includes(this.markOf(bad)), 'the reason quotes the person');
    expectAll(verdicts.toSpliced(at, 1), ['accepted']);
    const arrived = await this.paper.arrived(this.ground);
    for (const item of items) assert.equal(countOf(arrived, this.markOf(item)), item === bad ? 0 : 1);
  }

  private async oversized(): Promise<void> {
    const [first, last] = this.items(2) as [Item, Item];
    const big = { key: this.key(), payload: this.paper.oversized() };
    const alone = this.limits.batch === 1;
    const verdicts = await this.deliver(alone ? [big] : [first, big, last]);
    const verdict = verdicts[alone ? 0 : 1];
    assert.equal(verdict?.status, 'rejected', JSON.stringify(verdict));
    expectAll(
      verdicts.filter((one) => one !== verdict),
      ['accepted'],
    );
  }

  private async twice(): Promise<void> {
    const items = this.items(1);
    expectAll(await this.deliver(items), ['accepted']);
    expectAll(await this.deliver(items), ['accepted']);
    const once = this.limits.idempotency === 'native-key' || this.limits.idempotency === 'upsert';
    await this.arrivedTimes(items[0] as Item, once ? 1 : 2);
  }

  private async lookup(): Promise<void> {
    if (!this.paper.plugin.lookup) {
      assert.notEqual(this.limits.idempotency, 'lookup', 'idempotency "lookup" needs lookup');
      return;
    }
    const [here, never] = this.items(2) as [Item, Item];
    expectAll(await this.deliver([here]), ['accepted']);
    const outcome = await this.running.lookup([never, here]);
    assert('value' in outcome, JSON.stringify(outcome));
    assert.deepEqual(outcome.value, ['absent', 'accepted']);
  }

  private async throttled(name: FaultName, seconds: number | undefined): Promise<void> {
    const [item] = this.items(1) as [Item];
    await this.inject(name, seconds);
    const [verdict] = await this.deliver([item]);
    assert.equal(verdict?.status, 'retry', JSON.stringify(verdict));
    if (seconds !== undefined) assert.equal(verdict.afterSeconds, seconds, 'the seconds asked for are lost');
    await this.arrivedTimes(item, 0);
    expectAll(await this.deliver([item]), ['accepted']);
    await this.arrivedTimes(item, 1);
  }

  private async inDoubt(name: FaultName): Promise<void> {
    const [item] = this.items(1) as [Item];
    await this.inject(name);
    expectAll(await this.deliver([item]), ['unknown', 'retry']);
    await this.arrivedTimes(item, 0);
    expectAll(await this.deliver(this.items(1)), ['accepted']);
  }

  private async acceptedUnheard(): Promise<void> {
    const [item] = this.items(1) as [Item];
    await this.inject('dropAfter');
    expectAll(await this.deliver([item]), ['unknown']);
    await this.arrivedTimes(item, 1);
    if (this.limits.idempotency === 'none') return;
    if (this.limits.idempotency === 'lookup') {
      assert.deepEqual(await this.running.lookup([item]), { value: ['accepted'] });
      return;
    }
    expectAll(await this.deliver([item]), ['accepted']);
    await this.arrivedTimes(item, 1);
  }

  private async slow(): Promise<void> {
    const [item] = this.items(1) as [Item];
    await this.inject('slow', (SLOW_MS * 2) / 1000);
    const started = Date.now();
    expectAll(await this.deliver([item], SLOW_MS), ['unknown', 'retry']);
    assert(Date.now() - started < SLOW_MS + 500, 'the deadline is not kept');
    expectAll(await this.deliver(this.items(1)), ['accepted']);
  }

  private async logIsClean(): Promise<void> {
    const log = this.running.logged().join('\n');
    const settings = this.paper.settings(this.ground);
    const secrets = PluginRuntime.describe(this.paper.plugin).secrets.map((field) => String(settings[field]));
    const people = Array.from({ length: this.count }, (_, n) => this.paper.mark(this.paper.payload(n)));
    const found = [...secrets, ...people].filter((one) => log.includes(one));
    assert.equal(found.length, 0, `the log holds ${found.length} secrets or people`);
  }

  private begin(changes: Record<string, unknown>): Run {
    const start = this.paper.run ?? inThisProcess(this.paper.plugin);
    return start({ ...this.paper.settings(this.ground), ...changes });
  }

  private async deliver(items: Item[], deadlineMs = DEADLINE_MS): Promise<Verdict[]> {
    const outcome = await this.running.deliver(this.paper.operation, items, deadlineMs);
    assert('value' in outcome, `the connector is at fault: ${JSON.stringify(outcome)}`);
    assert.equal(outcome.value.length, items.length, 'there must be one verdict per item');
    return outcome.value;
  }

  private async inject(name: FaultName, seconds?: number): Promise<void> {
    await this.paper.faults[name]?.(this.ground, seconds);
  }

  private async arrivedTimes(item: Item, times: number): Promise<void> {
    assert.equal(
      countOf(await this.paper.arrived(this.ground), this.markOf(item)),
      times,
      'arrivals at the twin',
    );
  }

  private items(count: number): Item[] {
    return Array.from({ length: count }, () => ({
      key: this.key(),
      payload: this.paper.payload(this.count),
    }));
  }

  private key(): string {
    this.count += 1;
    return `exam:${this.count}`;
  }

  private markOf(item: Item): string {
    return this.paper.mark(item.payload);
  }

  private get ground(): T {
    assert(this.twin, 'the exam has not started');
    return this.twin;
  }

  private get running(): Run {
    assert(this.run, 'the exam has not started');
    return this.run;
  }
}

function expectAll(verdicts: Verdict[], allowed: Verdict['status'][]): void {
  const other = verdicts.find((verdict) => !allowed.includes(verdict.status));
  assert(!other, `expected ${allowed.join(' or ')}, not ${JSON.stringify(other)}`);
}

function countOf(marks: string[], mark: string): number {
  return marks.filter((one) => one === mark).length;
}
