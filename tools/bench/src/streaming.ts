import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engines, startEngines } from '@percorso/engines';
import type { Bench } from './bench';
import { race } from './evaluator-race';
import { shopAudiences } from './shop-audiences';
import { StreamingHub } from './streaming-hub';
import { lagsOf, Load, LogFollower } from './streaming-load';

const RATE = 2000;
/** Before anything is measured: everybody is a stranger to a process that has just started. */
const WARM_SECONDS = 3;
/** Customers whose calls go through the hub beforehand; the others are copies of them. */
const BASE = { quick: 2000, full: 10_000 };
const PROFILES = { quick: 50_000, full: 1_000_000 };
/** With a hundred audiences memberships are many: fewer customers do. */
const MANY_COPIES = 9;
const SECONDS = { quick: 15, full: 60 };

/** Events sent as fast as they are taken. */
const BURST = { quick: 8_000, full: 100_000 };
/** Requests at once then, and calls in each. */
const BURST_SHAPE = { connections: 8, batch: 100 };
const RACE = {
  quick: { customers: 600, events: 500, rounds: 3, warmUpMs: 1000 },
  full: { customers: 5000, events: 2000, rounds: 5, warmUpMs: 1500 },
};
/** A spec's size is too small for more. */
const TINY = 1000;

interface Plan {
  mode: 'quick' | 'full';
  base: number;
  copies: number;
  seconds: number;
  burst: number;
  tiny: boolean;
}

function planOf(size: number | undefined, quick: boolean): Plan {
  const mode = quick ? 'quick' : 'full';
  const profiles = size ?? PROFILES[mode];
  const base = Math.min(BASE[mode], profiles);
  const copies = Math.max(0, Math.round(profiles / base) - 1);
  const tiny = profiles < TINY;
  return { mode, base, copies, seconds: tiny ? 1 : SECONDS[mode], burst: tiny ? 1000 : BURST[mode], tiny };
}

/**
 * From the acceptance of an event to the deltas it causes, by the hub as it is shipped: in an open loop, and as fast as
 * it goes. And the evaluator alone, against engines that answer the same questions of the same state.
 */
export const bench: Bench = async ({ size, quick }) => {
  const plan = planOf(size, quick);
  const folder = mkdtempSync(join(tmpdir(), 'percorso-bench-'));
  const engines = await startEngines({ dataDir: join(folder, 'data') });
  try {
    const path = await measurePath(engines, folder, plan);
    const alone = await measureEvaluator(plan);
    return { metrics: { ...path, ...alone }, size: plan.base * (plan.copies + 1) };
  } finally {
    await engines.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

async function measurePath(engines: Engines, folder: string, plan: Plan): Promise<Record<string, number>> {
  const hub = await StreamingHub.start(engines, folder);
  try {
    await fill(hub, plan, 10);
    const lags = await measureLag(hub, engines, plan.seconds);
    const metrics: Record<string, number> = {
      lag_p50_ms: at(lags, 0.5),
      lag_p99_ms: at(lags, 0.99),
      events_per_s: await measureBurst(hub, plan.burst),
    };
    await assertNoDrift(hub);
    if (plan.mode === 'quick') return metrics;
    await fill(hub, { ...plan, copies: Math.min(plan.copies, MANY_COPIES) }, 100);
    metrics['events_per_s_100_audiences'] = await measureBurst(hub, plan.burst);
    await assertNoDrift(hub);
    return metrics;
  } finally {
    await hub.stop();
  }
}

async function fill(hub: StreamingHub, { base, copies }: Plan, audiences: number): Promise<void> {
  const started = performance.now();
  await hub.fill(base, copies, shopAudiences(audiences));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${hub.profiles} profiles with ${audiences} audiences loaded in ${seconds} s, drift 0`);
}

/** Milliseconds from acceptance to delta in an open loop, ascending. */
async function measureLag(hub: StreamingHub, engines: Engines, seconds: number): Promise<number[]> {
  const load = new Load(hub);
  const follower = new LogFollower(engines.databaseUrl, hub.workspaceId);
  await load.openLoop(RATE, Math.min(WARM_SECONDS, seconds));
  await follower.start();
  load.sent.clear();
  const started = performance.now();
  const events = await load.openLoop(RATE, seconds);
  const rate = Math.round((events / (performance.now() - started)) * 1000);
  await hub.visible(await hub.head());
  await follower.caughtUp();
  await follower.stop();
  load.close();
  const lags = lagsOf(load, follower, 'accepted');
  if (lags.length === 0) throw new RangeError('no event changed a membership');
  show(
    `${rate} events/s for ${seconds} s; ${lags.length} of ${events} events with deltas, from acceptance`,
    lags,
  );
  show('from the moment the request was due', lagsOf(load, follower, 'due'));
  return lags;
}

/** Events a second from the first request until the last delta has its place in the log. */
async function measureBurst(hub: StreamingHub, events: number): Promise<number> {
  const load = new Load(hub);
  const { connections, batch } = BURST_SHAPE;
  let left = events;
  const started = performance.now();
  const connection = async (): Promise<void> => {
    while (left > 0) {
      left -= batch;
      await load.batch(performance.now(), batch);
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  const accepted = (performance.now() - started) / 1000;
  await hub.visible(await hub.head());
  const seconds = (performance.now() - started) / 1000;
  load.close();
  const shown = [events / accepted, events / seconds].map((rate) => Math.round(rate).toLocaleString('en'));
  console.log(`${events} events at once: accepted at ${shown[0]} ev/s, deltas visible at ${shown[1]} ev/s`);
  return Math.round(events / seconds);
}

async function assertNoDrift(hub: StreamingHub): Promise<void> {
  const drift = await hub.drift();
  console.log(`held against the sets of ClickHouse: ${drift} memberships wrong`);
  if (drift !== 0) throw new RangeError(`${drift} memberships are wrong`);
}

async function measureEvaluator({ mode, base, tiny }: Plan): Promise<Record<string, number>> {
  const options = tiny ? { customers: base, events: 100, rounds: 1, warmUpMs: 100 } : RACE[mode];
  await race({ ...options, audiences: 10 });
  const { eventsPerSecond, warm, cold } = await race({ ...options, audiences: 100 });
  return {
    evaluator_events_per_s: Math.round(eventsPerSecond),
    vs_json_rules_engine: warm['json-rules-engine'] ?? 0,
    vs_json_rules_engine_dispatched: warm['json-rules-engine, dispatched'] ?? 0,
    vs_jsonata: warm['jsonata, dispatched'] ?? 0,
    vs_json_rules_engine_cold: cold['json-rules-engine'] ?? 0,
    vs_json_rules_engine_dispatched_cold: cold['json-rules-engine, dispatched'] ?? 0,
    vs_jsonata_cold: cold['jsonata, dispatched'] ?? 0,
  };
}

/** The value at a share of an ascending list. */
const at = (sorted: readonly number[], share: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);

function show(title: string, lags: readonly number[]): void {
  console.log(
    `${title}: p50 ${at(lags, 0.5)} ms, p95 ${at(lags, 0.95)} ms, p99 ${at(lags, 0.99)} ms, max ${at(lags, 1)} ms`,
  );
}
