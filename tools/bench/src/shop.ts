import { Random } from '@percorso/demo';

/** What happened to one customer; amounts are quarters of a unit, so that sums are exact as floating point too. */
export interface ShopEvent {
  name: string;
  /** Unix milliseconds. */
  at: number;
  properties: { category: string; amount: number };
}

export interface Shopper {
  userId: string;
  email: string;
  traits: { country: string; plan: string; points: number; since: string; address: { city: string } };
  /** What was said about e-mail; undefined: nothing. */
  consent?: boolean;
  /** Oldest first. */
  events: ShopEvent[];
}

const DAY_MS = 86_400_000;
const DAYS = 90;
/** Events and how often they are met, in percent. */
const MIX: readonly [string, number][] = [
  ['Product Viewed', 40],
  ['Email Opened', 15],
  ['Logged In', 15],
  ['Cart Updated', 12],
  ['Order Completed', 10],
  ['Email Clicked', 5],
  ['Ticket Opened', 3],
];
const NAMES = MIX.flatMap(([name, percent]) => Array.from({ length: percent }, () => name));
const CATEGORIES = ['shoes', 'coats', 'books', 'garden', 'coffee', 'toys', 'lamps', 'tea'];
const COUNTRIES = ['IT', 'IT', 'IT', 'FR', 'FR', 'DE', 'DE', 'ES', 'AT', 'CH'];
const CITIES = ['Rome', 'Milan', 'Turin', 'Paris', 'Berlin', 'Madrid', 'Vienna', 'Zurich', 'Naples', 'Lyon'];
const PLANS = ['free', 'free', 'free', 'basic', 'basic', 'pro'];
/** Prime, so that it spreads the busy customers over the numbers. */
const SPREAD = 7919;

export function shopEvent(random: Random, at: number): ShopEvent {
  const amount = random.between(20, 600) / 4;
  return { name: random.pick(NAMES), at, properties: { category: random.pick(CATEGORIES), amount } };
}

/**
 * `count` customers with `mean` events each over the 90 days before `now`, few of them with most: the density of a
 * customer of rank r is r^-1/2. The same seed gives the same shop.
 */
export function* shoppers(seed: number, count: number, mean: number, now: number): Generator<Shopper> {
  const random = new Random(seed);
  for (let index = 0; index < count; index++) {
    const rank = ((index * SPREAD) % count) + 1;
    const wanted = (mean / 2) * Math.sqrt(count / rank);
    const events = Math.floor(wanted) + Number(random.chance(wanted % 1));
    yield {
      userId: `u${index}`,
      email: `c${index}@${random.chance(0.3) ? 'mail' : 'post'}.example`,
      traits: {
        country: random.pick(COUNTRIES),
        plan: random.pick(PLANS),
        points: random.between(0, 2000),
        since: new Date(now - random.between(1, 1500) * DAY_MS).toISOString(),
        address: { city: random.pick(CITIES) },
      },
      consent: random.chance(0.7) ? true : random.chance(0.3) ? false : undefined,
      events: Array.from({ length: events }, () => random.between(1000, DAYS * DAY_MS))
        .sort((a, b) => b - a)
        .map((ago) => shopEvent(random, now - ago)),
    };
  }
}
