import { randomInt, randomUUID } from 'node:crypto';

const EVENTS = ['Product Viewed', 'Product Added', 'Products Searched', 'Checkout Started', 'Coupon Applied'];
const CATEGORIES = [
  'shoes',
  'coats',
  'books',
  'garden',
  'coffee',
  'toys',
  'lamps',
  'records',
  'tea',
  'bikes',
];
const WORDS =
  'alpine birch cobalt dune ember fjord granite harbor indigo juniper kelp linen maple north olive'
    .concat(
      ' poplar quartz river sable tundra umber violet willow xenon yarrow zephyr amber basalt cedar delta',
    )
    .split(' ');
const DAY_MS = 86_400_000;

const pick = <T>(items: readonly T[]): T => items[randomInt(items.length)] as T;
const chance = (probability: number): boolean => Math.random() < probability;

/** A track call as @segment/analytics-node sends it for a web shop: ids, times, addresses and prices differ each time. */
export function trackCall(): object {
  const at = Date.now() - randomInt(DAY_MS);
  const category = pick(CATEGORIES);
  const slug = `${pick(WORDS)}-${pick(WORDS)}-${randomInt(10_000)}`;
  const utm = chance(0.3) ? `?utm_source=${pick(WORDS)}&utm_campaign=${randomInt(1e6).toString(36)}` : '';
  return {
    type: 'track',
    messageId: `node-next-${at}-${randomUUID()}`,
    timestamp: new Date(at).toISOString(),
    ...(chance(0.7) ? { userId: `u_${randomInt(2 ** 40).toString(36)}` } : {}),
    anonymousId: randomUUID(),
    event: pick(EVENTS),
    properties: {
      session_id: randomUUID(),
      product_id: randomInt(2 ** 40).toString(16),
      sku: `${pick(WORDS).slice(0, 3).toUpperCase()}-${randomInt(100_000)}`,
      name: `${pick(WORDS)} ${pick(WORDS)} ${category}`,
      category,
      price: randomInt(100, 50_000) / 100,
      quantity: randomInt(1, 5),
      currency: pick(['EUR', 'USD', 'GBP', 'PLN']),
      url: `https://shop.example/${category}/${slug}${utm}`,
      ...(chance(0.5)
        ? { referrer: `https://${pick(WORDS)}.example/${randomInt(2 ** 30).toString(36)}` }
        : {}),
      ...(chance(0.2)
        ? {
            coupon: randomInt(2 ** 40)
              .toString(36)
              .toUpperCase(),
          }
        : {}),
      ...(chance(0.3) ? { position: randomInt(1, 60), list_id: `${category}-${pick(WORDS)}` } : {}),
    },
    context: {
      ip: `${randomInt(1, 224)}.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`,
      library: { name: '@segment/analytics-node', version: '3.1.0' },
    },
    integrations: {},
    _metadata: { nodeVersion: '20.20.2', jsRuntime: 'node' },
  };
}
