import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engines, startEngines } from '@percorso/engines';
import type { Bench } from './bench';
import { shopAudiences } from './shop-audiences';
import { StreamingHub } from './streaming-hub';
import { lagsOf, Load, LogFollower, openLoop } from './streaming-load';

const RATE = 2000;
/** Before anything is measured: everybody is a stranger to a process that has just started. */
const WARM_SECONDS = 3;
/** Customers whose calls go through the hub beforehand; the others are copies of them. */
const BASE = { quick: 2000, full: 10_000 };
const PROFILES = { quick: 50_000, full: 1_000_000 };
const SECONDS = { quick: 15, full: 60 };

interface Plan {
  base: number;
  copies: number;
  seconds: number;
}

function planOf(size: number | undefined, quick: boolean): Plan {
  const mode = quick ? 'quick' : 'full';
  const profiles = size ?? PROFILES[mode];
  const base = Math.min(BASE[mode], profiles);
  return { base, copies: Math.max(0, Math.round(profiles / base) - 1), seconds: SECONDS[mode] };
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
    const lag = await measureLag(engines, folder, plan);
    return { metrics: { ...lag }, size: plan.base * (plan.copies + 1) };
  } finally {
    await engines.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

async function measureLag(engines: Engines, folder: string, plan: Plan): Promise<Record<string, number>> {
  const hub = await StreamingHub.start(engines, folder);
  try {
    const filling = performance.now();
    await hub.fill(plan.base, plan.copies, shopAudiences(10));
    console.log(`${hub.profiles} profiles with 10 audiences loaded in ${secondsSince(filling)} s, drift 0`);
    const load = new Load(hub);
    const follower = new LogFollower(engines.databaseUrl, hub.workspaceId);
    await openLoop(load, RATE, WARM_SECONDS);
    await follower.start();
    load.sent.clear();
    const started = performance.now();
    const events = await openLoop(load, RATE, plan.seconds);
    const rate = Math.round((events / (performance.now() - started)) * 1000);
    await hub.visible(await hub.head());
    await follower.caughtUp();
    load.close();
    const lags = lagsOf(load, follower, 'accepted');
    show(
      `${rate} events/s for ${plan.seconds} s, ${lags.length} of ${events} events with deltas, from acceptance`,
      lags,
    );
    show('from the moment the request was due', lagsOf(load, follower, 'due'));
    await follower.stop();
    const drift = await hub.drift();
    console.log(`drift after it: ${drift}`);
    if (drift !== 0) throw new RangeError(`${drift} memberships are wrong`);
    return { lag_p50_ms: at(lags, 0.5), lag_p99_ms: at(lags, 0.99) };
  } finally {
    await hub.stop();
  }
}

const secondsSince = (started: number): string => ((performance.now() - started) / 1000).toFixed(1);

/** The value at a share of an ascending list. */
const at = (sorted: readonly number[], share: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);

function show(title: string, lags: readonly number[]): void {
  console.log(
    `${title}: p50 ${at(lags, 0.5)} ms, p95 ${at(lags, 0.95)} ms, p99 ${at(lags, 0.99)} ms, max ${at(lags, 1)} ms`,
  );
}
