import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { median } from './bench';
import { askJsonata } from './evaluator-jsonata';
import { OurEvaluator } from './evaluator-ours';
import { type Ask, PeerEvaluator } from './evaluator-peer';
import { askRules } from './evaluator-rules';
import {
  audiencesByEvent,
  EventFlow,
  type Evaluator,
  type Flips,
  makeShop,
  remember,
  type Shop,
  type Touch,
  Wakes,
} from './evaluator-work';
import { type ShopAudience, shopAudiences } from './shop-audiences';

export interface RaceOptions {
  customers: number;
  audiences: number;
  /** Events of a round. */
  events: number;
  rounds: number;
  /** Milliseconds that each evaluator works beforehand. */
  warmUpMs: number;
}

export interface RaceResult {
  /** Events a second of ours, warm, and ours over each peer by title. */
  eventsPerSecond: number;
  warm: Record<string, number>;
  cold: Record<string, number>;
}

/** Events each customer has beforehand, in the mean. */
const HISTORY = 20;
/** Milliseconds between events, in the mean: a round of 2,000 is over an hour of a shop, with the exits that time brings. */
const EVERY_MS = 2000;

/** Customers of the warm-up. */
const WARM_CUSTOMERS = 200;

interface Round {
  touches: Touch[];
  flips: Flips[];
  seconds: number;
}

/**
 * Rounds of events, all evaluators in turn on the same: ours leads and says when time is to be looked at, the others
 * follow and must find the same entries and exits at every touch. In cold rounds nothing but memberships is kept from
 * before: state is built from the customer's history.
 */
export async function race({
  customers,
  audiences: count,
  events,
  rounds,
  warmUpMs,
}: RaceOptions): Promise<RaceResult> {
  const shop = makeShop(customers, HISTORY);
  const audiences = shopAudiences(count);
  await warmUp(audiences, warmUpMs);
  showMemory(shop, audiences);
  const { ours, peers } = evaluatorsOf(shop, audiences);
  const flow = new EventFlow(shop, EVERY_MS);
  const wakes = new Wakes();
  const rates = { warm: new Map<string, number[]>(), cold: new Map<string, number[]>() };
  let flips = 0;
  let woken = 0;
  const run = async (kind?: 'warm' | 'cold'): Promise<void> => {
    if (kind === 'cold') for (const one of [ours, ...peers]) one.forget();
    const round = lead(
      ours,
      Array.from({ length: events }, () => flow.next()),
      wakes,
    );
    note(kind, ours, round.seconds);
    for (const peer of peers) note(kind, peer, await follow(peer, round));
    remember(shop, round.touches);
    flips += round.flips.reduce((sum, { length }) => sum + length, 0);
    woken += round.touches.filter(({ event }) => !event).length;
  };
  const note = (kind: 'warm' | 'cold' | undefined, { title }: Evaluator, seconds: number): void => {
    if (!kind) return;
    const list = rates[kind].get(title);
    if (list) list.push(events / seconds);
    else rates[kind].set(title, [events / seconds]);
  };
  await prepare(shop, ours, peers, wakes);
  await run();
  for (let round = 0; round < rounds; round++) await run('warm');
  for (let round = 0; round < rounds; round++) await run('cold');
  console.log(
    `${count} audiences: ${flips} entries and exits at ${2 * rounds + 1} × ${events} events and ${woken} wakes, the same for all`,
  );
  return {
    eventsPerSecond: median(rates.warm.get('percorso') ?? []),
    warm: ratios('warm', rates.warm),
    cold: ratios('cold', rates.cold),
  };
}

function evaluatorsOf(
  shop: Shop,
  audiences: readonly ShopAudience[],
): { ours: OurEvaluator; peers: PeerEvaluator[] } {
  const byEvent = audiencesByEvent(audiences);
  const peer = (title: string, ask: Ask, dispatch?: typeof byEvent): PeerEvaluator =>
    new PeerEvaluator(title, shop, ask, audiences.length, dispatch);
  return {
    ours: new OurEvaluator(shop, audiences),
    peers: [
      peer('json-rules-engine', askRules(audiences)),
      peer('json-rules-engine, dispatched', askRules(audiences), byEvent),
      peer('jsonata, dispatched', askJsonata(audiences), byEvent),
    ],
  };
}

/** Code is compiled as it is used: each has worked for a while, on other customers, as in a process that has run for days. */
async function warmUp(audiences: readonly ShopAudience[], ms: number): Promise<void> {
  const shop = makeShop(WARM_CUSTOMERS, HISTORY);
  const { ours, peers } = evaluatorsOf(shop, audiences);
  for (const one of [ours, ...peers]) {
    const flow = new EventFlow(shop, EVERY_MS);
    for (const until = performance.now() + ms; performance.now() < until;) {
      one.forget();
      for (let events = 0; events < 2 * WARM_CUSTOMERS; events++) await one.touch(flow.next());
    }
  }
}

function showMemory(shop: Shop, audiences: readonly ShopAudience[]): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const ours = new OurEvaluator(shop, audiences);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let person = 0; person < shop.shoppers.length; person++) ours.touch({ person, now: shop.start });
  collect();
  const each = (bytes: number): string => Math.round(bytes / shop.shoppers.length).toLocaleString('en');
  const measured = each(process.memoryUsage().heapUsed - before);
  console.log(`state of a customer: ${measured} bytes, ${each(ours.kept)} by its own account`);
}

/** Everybody is looked at once, so that all keep everybody's state and memberships. */
async function prepare(
  shop: Shop,
  ours: OurEvaluator,
  peers: readonly Evaluator[],
  wakes: Wakes,
): Promise<void> {
  for (let person = 0; person < shop.shoppers.length; person++) {
    const touch = { person, now: shop.start };
    const found = [ours.touch(touch)];
    wakes.sooner(person, ours.due());
    for (const peer of peers) found.push(await peer.touch(touch));
    assertSame(found, [ours, ...peers], touch);
  }
}

function lead(ours: OurEvaluator, events: readonly Touch[], wakes: Wakes): Round {
  const round: Round = { touches: [], flips: [], seconds: 0 };
  const look = (touch: Touch): void => {
    round.touches.push(touch);
    round.flips.push(ours.touch(touch));
    wakes.sooner(touch.person, ours.due());
  };
  const spent = stopwatch();
  for (const event of events) {
    for (let wake = wakes.next(event.now); wake; wake = wakes.next(event.now))
      look({ person: wake.person, now: wake.due });
    look(event);
  }
  round.seconds = spent();
  return round;
}

/** Seconds of processor time since it was started: what else a machine does counts for nobody. */
function stopwatch(): () => number {
  const started = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1e6;
  };
}

async function follow(peer: Evaluator, { touches, flips }: Round): Promise<number> {
  const found: Flips[] = [];
  const spent = stopwatch();
  for (const touch of touches) found.push(await peer.touch(touch));
  const seconds = spent();
  found.forEach((own, index) =>
    assertSame([flips[index]!, own], [{ title: 'percorso' }, peer], touches[index]!),
  );
  return seconds;
}

function assertSame(found: readonly Flips[], evaluators: readonly { title: string }[], touch: Touch): void {
  const texts = found.map((flips) => [...flips].sort().join(' '));
  if (new Set(texts).size === 1) return;
  const told = texts.map((text, index) => `${evaluators[index]?.title}: ${text || 'nothing'}`).join('; ');
  throw new RangeError(`${JSON.stringify(touch)}: ${told}`);
}

function ratios(kind: string, rates: ReadonlyMap<string, readonly number[]>): Record<string, number> {
  const ours = rates.get('percorso') ?? [];
  const found: Record<string, number> = {};
  for (const [title, own] of rates) {
    const ratio = median(ours.map((rate, round) => rate / (own[round] ?? Number.NaN)));
    const rate = Math.round(median(own)).toLocaleString('en').padStart(9);
    console.log(
      `  ${kind} ${title.padEnd(29)} ${rate} ev/s${title === 'percorso' ? '' : `   ratio ${ratio.toFixed(0)}`}`,
    );
    if (title !== 'percorso') found[title] = Math.round(ratio * 10) / 10;
  }
  return found;
}
