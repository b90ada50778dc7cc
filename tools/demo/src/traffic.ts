import { behaviour, Call } from './behaviour';
import { Customer } from './customers';
import { Random } from './random';

export interface Traffic {
  calls: Call[];
  /** What the sender knows it did; the hub's own counts are held against these. */
  unique: number;
  duplicates: number;
  bad: number;
}

/** Every 400th call is followed by one that no store should take: the hub must keep its neighbours. */
const BAD_EVERY = 400;

/**
 * What all customers did, as it really arrives: mostly in time order, some late, some shuffled, some twice, and a few
 * items that are broken.
 */
export function makeTraffic(customers: readonly Customer[], seed: number, now: Date, days = 90): Traffic {
  const random = new Random(seed + 1);
  const unique = customers.flatMap((customer) => behaviour(customer, random, now, days));
  const arrival = unique.map((call) => ({ call, at: occurred(call) + lateness(random) }));
  arrival.sort((a, b) => a.at - b.at);
  const calls: Call[] = [];
  let duplicates = 0;
  let bad = 0;
  for (const { call } of arrival) {
    calls.push(call);
    if (random.chance(0.01)) {
      calls.push(call);
      duplicates += 1;
    }
    if (calls.length % BAD_EVERY === 0) {
      calls.push(broken(call, bad));
      bad += 1;
    }
  }
  return { calls, unique: unique.length, duplicates, bad };
}

const occurred = (call: Call): number => new Date(call.timestamp).getTime();

/** Most calls arrive at once; a phone without a network sends hours or days later. */
function lateness(random: Random): number {
  if (random.chance(0.9)) return random.next() * 5_000;
  return random.next() * (random.chance(0.8) ? 3_600_000 : 3 * 86_400_000);
}

/** Breaks a call in ways the stock client lets pass: text PostgreSQL cannot keep, half a character, no real time. */
function broken(call: Call, index: number): Call {
  const messageId = `bad-${index}-${call.messageId}`;
  const base: Call = {
    ...call,
    type: 'track',
    event: 'Product Viewed',
    traits: undefined,
    userId: call.userId ?? 'u-bad',
    messageId,
  };
  switch (index % 3) {
    case 0:
      return { ...base, properties: { note: 'nul \u0000 inside' } };
    case 1:
      return { ...base, properties: { note: 'half a character \ud83d' } };
    default:
      return { ...base, timestamp: 'yesterday at noon' };
  }
}
