import { isPro, type JourneysHub } from './journeys-hub';
import { assertSame } from './journeys-live';
import { abandonedCart, CART_WAIT_S, cartStory } from './journeys-shop';

const DAY_MS = 86_400_000;
/** Somebody fills a cart as often. */
const EVERY_MS = 60_000;
/** Of the carts this part is bought before its owner is looked at again. */
const ORDERED_EVERY = 4;
const ORDER_AFTER_MS = (CART_WAIT_S * 1000) / 2;
const SOURCE = 'the past';

interface PastCart {
  cart: string;
  /** Of the customer. */
  number: number;
  ordered: boolean;
}

/**
 * Days in which one of `most` persons after the other fills a cart, walked by a simulation of the journey that live carts are
 * measured with: how many persons a second, and how many times as fast as the time it is about. Each must have the story it
 * has live.
 */
export async function measureSimulation(hub: JourneysHub, most: number): Promise<Record<string, number>> {
  const count = Math.min(most, hub.customers);
  const until = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS);
  const from = new Date(until.getTime() - count * EVERY_MS);
  const carts = await happen(hub, count, from, until);
  const journeyId = await hub.draft('Abandoned cart', abandonedCart(hub.connectorId));
  const started = performance.now();
  const id = await hub.simulate(journeyId, from, until);
  await hub.until(
    'the simulation',
    'SELECT ended_at IS NOT NULL AS done FROM journey_simulation WHERE workspace_id = $1 AND id = $2',
    id,
  );
  const seconds = (performance.now() - started) / 1000;
  await assertStories(hub, id, carts);
  await hub.rows(`DELETE FROM event WHERE workspace_id = $1 AND source_id = '${SOURCE}'`);
  const rate = Math.round(count / seconds);
  const speed = Math.round((count * EVERY_MS) / 1000 / seconds);
  const [persons, times] = [rate, speed].map((value) => value.toLocaleString('en'));
  const days = ((count * EVERY_MS) / DAY_MS).toFixed(1);
  console.log(
    `${days} days with a cart a minute simulated in ${seconds.toFixed(1)} s: ${persons} persons/s, ${times} times as fast as time`,
  );
  return { simulation_persons_per_s: rate, simulation_vs_real_time: speed };
}

async function happen(hub: JourneysHub, count: number, from: Date, until: Date): Promise<PastCart[]> {
  const before = new Date(from.getTime() - DAY_MS);
  const days = Math.ceil((until.getTime() - before.getTime()) / DAY_MS) + 1;
  await hub.rows('SELECT ensure_partitions($2::date, $3) WHERE $1::uuid IS NOT NULL', before, days);
  const carts = await hub.rows<PastCart>(HAPPEN, from, count);
  if (carts.length < count) throw new RangeError(`${carts.length} carts of ${count}`);
  await hub.rest('event');
  return carts;
}

/** @throws RangeError unless every cart entered once, took each of its steps once and was written about as it is live */
async function assertStories(hub: JourneysHub, id: string, carts: readonly PastCart[]): Promise<void> {
  const walked = await hub.rows<{ line: string }>(
    `SELECT key || ' ' || string_agg((t.line->>'step') || ' ' || (t.line->>'what'), ',' ORDER BY t.n) AS line
     FROM journey_simulation_instance i, jsonb_array_elements(i.trace) WITH ORDINALITY AS t (line, n)
     WHERE i.workspace_id = $1 AND i.simulation_id = $2 GROUP BY i.id, i.key`,
    id,
  );
  const sent = await hub.rows<{ line: string }>(
    `SELECT key || ' ' || step AS line FROM journey_simulation_message WHERE workspace_id = $1 AND simulation_id = $2`,
    id,
  );
  const stories = carts.map(({ cart, number, ordered }) => ({ cart, ...cartStory(isPro(number), ordered) }));
  const lines = (rows: readonly { line: string }[]): string[] => rows.map(({ line }) => line).sort();
  assertSame('journeys', lines(walked), stories.map(({ cart, path }) => `${cart} ${path}`).sort());
  const messages = stories.flatMap(({ cart, messages }) => messages.map((step) => `${cart} ${step}`));
  assertSame('messages', lines(sent), messages.sort());
}

/** Who they are was said the day before; then one after the other fills a cart, a minute later. */
const HAPPEN = `
WITH owners AS (
  SELECT n.node, (e.properties->>'number')::int AS number, e.properties, e.context, row_number() OVER (ORDER BY n.node) - 1 AS i
  FROM (SELECT node FROM identity_node WHERE workspace_id = $1 AND namespace = 'user_id' ORDER BY node LIMIT $3) n
  JOIN event e ON e.workspace_id = $1 AND e.node = n.node AND e.type = 'identify'
), carts AS (
  SELECT *, i % ${ORDERED_EVERY} = 0 AS ordered,
    $2::timestamptz + i * ${EVERY_MS} * interval '1 millisecond' AS at
  FROM owners
), happened AS (
  SELECT $2::timestamptz - interval '12 hours' AS at, node, 'identify' AS type, 'identify' AS name, properties, context FROM owners
  UNION ALL
  SELECT at, node, 'track', 'Cart Updated',
    jsonb_build_object('cart_id', 'past-' || node, 'total', 20 + i % 100, 'items', 3, 'currency', 'EUR'), '{}' FROM carts
  UNION ALL
  SELECT at + ${ORDER_AFTER_MS} * interval '1 millisecond', node, 'track', 'Order Completed',
    jsonb_build_object('cart_id', 'past-' || node, 'total', 42), '{}' FROM carts WHERE ordered
), saved AS (
  INSERT INTO event (workspace_id, partition, pos, message_id, node, type, name, occurred_at, received_at, source_id, properties,
    context)
  SELECT $1, 0, head + row_number() OVER (ORDER BY h.at), 'past ' || row_number() OVER (ORDER BY h.at), h.node, h.type, h.name, h.at,
    h.at, '${SOURCE}', h.properties, h.context
  FROM happened h, ingest_head WHERE workspace_id = $1
), counted AS (SELECT count(*) AS more FROM happened), log AS (
  UPDATE ingest_head SET head = head + more, applied = applied + more, loaded = loaded + more, accepted = accepted + more
  FROM counted WHERE workspace_id = $1
), stream AS (
  UPDATE stream_cursor SET pos = pos + more FROM counted WHERE workspace_id = $1
)
SELECT 'past-' || node AS cart, number, ordered FROM carts`;
