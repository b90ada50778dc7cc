import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngines } from '@percorso/engines';
import type { Bench } from './bench';
import { HttpSink } from './http-sink';
import { measureEngine } from './journeys-engine';
import { JourneysHub } from './journeys-hub';
import { type LivePlan, measureLive } from './journeys-live';
import { measureRead } from './journeys-read';
import { measureSimulation } from './journeys-simulation';
import { measureWaiting, type WaitingPlan } from './journeys-waiting';

const CUSTOMERS = { quick: 100_000, full: 1_000_000 };
/** Those who come by the ways the hub offers; the others are copies of them. */
const BASE = 2000;
/** A spec's size is too small for more. */
const TINY = 1000;

interface Plan {
  base: number;
  live: LivePlan;
  waiting: WaitingPlan;
  engine: { instances: number; rounds: number };
  /** Persons of the days that are simulated. */
  past: number;
  /** Members whose rows the peer of the read inserts. */
  sample: number;
}

const PLANS: Record<'tiny' | 'quick' | 'full', (customers: number) => Plan> = {
  tiny: (customers) => ({
    base: customers,
    live: { rate: 100, seconds: 1, warmSeconds: 1, burst: 100 },
    waiting: { sizes: [Math.ceil(customers / 2), customers], moved: 10, rounds: 1 },
    engine: { instances: 1000, rounds: 1 },
    past: customers,
    sample: customers,
  }),
  quick: (customers) => ({
    base: BASE,
    live: { rate: 1000, seconds: 10, warmSeconds: 4, burst: 6000 },
    waiting: { sizes: [customers / 10, customers], moved: 250, rounds: 3 },
    engine: { instances: 10_000, rounds: 3 },
    past: 2000,
    sample: 10_000,
  }),
  full: (customers) => ({
    base: BASE,
    live: { rate: 1000, seconds: 60, warmSeconds: 5, burst: 50_000 },
    waiting: { sizes: [customers / 100, customers / 10, customers], moved: 500, rounds: 5 },
    engine: { instances: 50_000, rounds: 5 },
    past: 20_000,
    sample: 50_000,
  }),
};

/**
 * Journeys of the hub as it is shipped: how long from an event to the first message and how many enter a second, what it
 * costs that many wait, how fast an audience is read, and how fast past days are simulated. And the engine alone.
 */
export const bench: Bench = async ({ size, quick }) => {
  const customers = size ?? CUSTOMERS[quick ? 'quick' : 'full'];
  const plan = PLANS[customers < TINY ? 'tiny' : quick ? 'quick' : 'full'](customers);
  const folder = mkdtempSync(join(tmpdir(), 'percorso-bench-'));
  const parts: { stop(): Promise<void> }[] = [];
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => (parts.unshift(one), one);
  const metrics: Record<string, number> = {};
  try {
    metrics['engine_steps_per_s'] = measureEngine(plan.engine.instances, plan.engine.rounds);
    const engines = keep(await startEngines({ dataDir: join(folder, 'data') }));
    const sink = keep(await HttpSink.start());
    const hub = keep(await JourneysHub.start(engines, folder));
    await hub.fill(plan.base, sink.url);
    await hub.multiply(customers);
    Object.assign(metrics, await measureLive(hub, engines.databaseUrl, sink, plan.live));
    await hub.forget();
    Object.assign(metrics, await measureWaiting(hub, plan.waiting));
    await hub.forget();
    Object.assign(metrics, await measureRead(hub, engines.databaseUrl, plan.sample));
    await hub.forget();
    Object.assign(metrics, await measureSimulation(hub, plan.past));
    return { metrics, size: hub.customers };
  } finally {
    for (const one of parts) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
