import { quantile } from './bench';
import { ActionFollower } from './journeys-actions';
import type { HttpSink } from './http-sink';
import type { JourneysHub } from './journeys-hub';
import { type Cart, CartLoad } from './journeys-load';
import { abandonedCart, cartStory } from './journeys-shop';

export interface LivePlan {
  /** Carts a second in the open loop, and for how long. */
  rate: number;
  seconds: number;
  /** Before that, so that a process that has just started knows its statements. */
  warmSeconds: number;
  /** Carts at once. */
  burst: number;
}

/** What is measured, and by whom. */
interface Live {
  hub: JourneysHub;
  journeyId: string;
  sink: HttpSink;
  follower: ActionFollower;
  load: CartLoad;
}

const BURST_SHAPE = { connections: 4, batch: 100 };
const LONG_MS = 600_000;
const BEGUN = / (passed|entered)$/;

/** Carts by HTTP until messages about them are at the sink: in an open loop, and as fast as it goes. */
export async function measureLive(
  hub: JourneysHub,
  databaseUrl: string,
  sink: HttpSink,
  plan: LivePlan,
): Promise<Record<string, number>> {
  const journeyId = await hub.journey('Abandoned cart', abandonedCart(hub.connectorId));
  const follower = new ActionFollower(databaseUrl, hub.workspaceId);
  const load = new CartLoad(hub);
  const live: Live = { hub, journeyId, sink, follower, load };
  try {
    await follower.start();
    const lags = await measureLag(live, plan);
    const rates = await measureBurst(live, plan.burst);
    await assertStories(live);
    return {
      ...rates,
      first_action_p50_ms: quantile(lags, 0.5),
      first_action_p99_ms: quantile(lags, 0.99),
    };
  } finally {
    load.close();
    await follower.stop();
    await hub.end(journeyId);
  }
}

/** Milliseconds from acceptance to the effect in an open loop, ascending. */
async function measureLag(live: Live, { rate, seconds, warmSeconds }: LivePlan): Promise<number[]> {
  const { load, follower } = live;
  await load.openLoop(rate, warmSeconds);
  await follower.seen(load.carts.size, LONG_MS);
  const warm = new Set(load.carts.keys());
  await load.openLoop(rate, seconds);
  await follower.seen(load.carts.size, LONG_MS);
  const open = [...load.carts].filter(([cart]) => !warm.has(cart));
  await allEnded(live);
  const came = await arrived(live, load.carts);
  const lags = lagsOf(open, (cart) => follower.first.get(cart)!, 'accepted');
  show(`${rate} entries/s for ${seconds} s, from acceptance to the effect`, lags);
  show(
    'from the moment the request was due',
    lagsOf(open, (cart) => follower.first.get(cart)!, 'due'),
  );
  show(
    'from acceptance to the sink',
    lagsOf(open, (cart) => came.get(cart)!, 'accepted'),
  );
  return lags;
}

/** Entries and steps a second until the last of the first messages is at the sink. */
async function measureBurst(live: Live, carts: number): Promise<Record<string, number>> {
  const { load, follower } = live;
  const before = new Set(load.carts.keys());
  const stepsBefore = await stepsOf(live);
  const started = Date.now();
  await load.burst(carts, BURST_SHAPE);
  const accepted = (Date.now() - started) / 1000;
  await follower.seen(load.carts.size, LONG_MS);
  const steps = (await stepsOf(live)) - stepsBefore;
  const committed = (Date.now() - started) / 1000;
  await allEnded(live);
  const fresh = new Map([...load.carts].filter(([cart]) => !before.has(cart)));
  const came = await arrived(live, fresh);
  const sunk = (Math.max(...came.values()) - started) / 1000;
  const shown = [carts / accepted, carts / committed, carts / sunk].map((rate) =>
    Math.round(rate).toLocaleString('en'),
  );
  console.log(
    `${carts} entries at once: accepted at ${shown[0]}/s, committed for delivery at ${shown[1]}/s, at the sink at ${shown[2]}/s; ` +
      `${Math.round(steps / committed).toLocaleString('en')} steps/s`,
  );
  return { entries_per_s: Math.round(carts / committed), steps_per_s: Math.round(steps / committed) };
}

/** Steps begun so far. */
async function stepsOf({ hub, journeyId }: Live): Promise<number> {
  const counts = [...(await hub.counts(journeyId))].filter(([of]) => !of.startsWith(' ') && BEGUN.test(of));
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

async function allEnded({ hub, journeyId, load }: Live): Promise<void> {
  await hub.until(
    'everybody to leave',
    `SELECT coalesce(sum(count), 0) >= $3 AS done FROM journey_count
     WHERE workspace_id = $1 AND journey_id = $2 AND step = '' AND what = 'ended'`,
    journeyId,
    load.carts.size,
  );
  await hub.until(
    'messages to be settled',
    `SELECT NOT EXISTS (SELECT FROM effect WHERE workspace_id = $1 AND connector_id = $2 AND state IN ('pending', 'sending')) AS done`,
    hub.connectorId,
  );
}

/** When the first message about each cart came. @throws RangeError unless every message came once and no other did */
async function arrived({ sink }: Live, carts: ReadonlyMap<string, Cart>): Promise<Map<string, number>> {
  const first = new Map<string, number>();
  const came: string[] = [];
  for (const { body, at } of await sink.take()) {
    for (const { cart, step } of JSON.parse(body) as { cart: string; step: string }[]) {
      came.push(`${cart} ${step}`);
      if (!first.has(cart)) first.set(cart, at);
    }
  }
  const wanted = [...carts].flatMap(([cart, { pro, ordered }]) =>
    cartStory(pro, ordered).messages.map((step) => `${cart} ${step}`),
  );
  assertSame('messages at the sink', came.sort(), wanted.sort());
  return first;
}

/** @throws RangeError unless every cart entered once and took each of its steps once */
async function assertStories({ hub, journeyId, load }: Live): Promise<void> {
  const rows = await hub.rows<{ key: string; path: string }>(
    `SELECT i.key, string_agg(t.step || ' ' || t.what, ',' ORDER BY t.n) AS path
     FROM journey_instance i JOIN journey_trace t ON t.workspace_id = i.workspace_id AND t.instance_id = i.id
     WHERE i.workspace_id = $1 AND i.journey_id = $2 GROUP BY i.id, i.key`,
    journeyId,
  );
  const wanted = [...load.carts].map(([cart, { pro, ordered }]) => `${cart} ${cartStory(pro, ordered).path}`);
  assertSame('journeys', rows.map(({ key, path }) => `${key} ${path}`).sort(), wanted.sort());
}

/** @throws RangeError unless both lists, sorted, are the same */
export function assertSame(title: string, got: readonly string[], wanted: readonly string[]): void {
  const at = wanted.findIndex((line, index) => line !== got[index]);
  if (at < 0 && got.length === wanted.length) return;
  const where = at < 0 ? wanted.length : at;
  throw new RangeError(
    `${title}: ${got.length} for ${wanted.length}; first difference: ${got[where]} instead of ${wanted[where]}`,
  );
}

function lagsOf(
  carts: readonly (readonly [string, Cart])[],
  when: (cart: string) => number,
  from: 'due' | 'accepted',
): number[] {
  return carts.map(([cart, sent]) => when(cart) - sent[from]).sort((a, b) => a - b);
}

function show(title: string, lags: readonly number[]): void {
  const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((share) => quantile(lags, share));
  console.log(`${title}: p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, max ${max} ms`);
}
