import { type Evaluator, type Flips, historyOf, Memberships, type Shop, type Touch } from './evaluator-work';
import type { ShopEvent } from './shop';

/** An event as peers keep it: flat, in the list of its name, oldest first. */
export interface PlainEvent {
  at: number;
  category: string;
  amount: number;
}

/** Everything a peer's rules may look at of a customer. */
export interface Facts {
  now: number;
  traits: Shop['shoppers'][number]['traits'];
  email: string;
  consent: { email?: 'granted' | 'denied' };
  views: PlainEvent[];
  opened: PlainEvent[];
  logins: PlainEvent[];
  carts: PlainEvent[];
  orders: PlainEvent[];
  tickets: PlainEvent[];
}

type Lists = 'views' | 'opened' | 'logins' | 'carts' | 'orders' | 'tickets';

const LISTS: Record<string, Lists> = {
  'Product Viewed': 'views',
  'Email Opened': 'opened',
  'Logged In': 'logins',
  'Cart Updated': 'carts',
  'Order Completed': 'orders',
  'Ticket Opened': 'tickets',
};
/** No rule looks further back, but for the last event of all. */
const KEPT_MS = 90 * 86_400_000;

/** Answers the audiences of these numbers; true where the customer belongs. */
export type Ask = (
  facts: Facts,
  audiences: readonly number[] | 'all',
) => Promise<ReadonlyMap<number, boolean>>;

/**
 * The state a hand-written host keeps for an engine that has none: a customer's events by name, no longer than needed,
 * and who is a member. When to look again it is told, which is in its favour. With `byEvent` it also knows which audiences
 * an event may move and has only those asked; without, the engine is given all of its rules, as its documentation does.
 */
export class PeerEvaluator implements Evaluator {
  private kept = new Map<number, Facts>();
  private readonly members: Memberships;

  constructor(
    readonly title: string,
    private readonly shop: Shop,
    private readonly ask: Ask,
    audiences: number,
    private readonly byEvent?: ReadonlyMap<string, readonly number[]>,
  ) {
    this.members = new Memberships(shop.shoppers.length, audiences);
  }

  forget(): void {
    this.kept = new Map();
  }

  async touch({ person, now, event }: Touch): Promise<Flips> {
    const known = this.kept.get(person);
    const facts = known ?? this.build(person);
    facts.now = now;
    if (event) keep(facts, event);
    const asked = known && event && this.byEvent ? (this.byEvent.get(event.name) ?? []) : 'all';
    const answers = asked.length === 0 ? new Map<number, boolean>() : await this.ask(facts, asked);
    const flips: Flips = [];
    for (const [audience, holds] of answers) this.members.set(person, audience, holds, flips);
    return flips;
  }

  private build(person: number): Facts {
    const { traits, email, consent } = this.shop.shoppers[person]!;
    const facts: Facts = {
      now: 0,
      traits,
      email,
      consent: consent === undefined ? {} : { email: consent ? 'granted' : 'denied' },
      ...{ views: [], opened: [], logins: [], carts: [], orders: [], tickets: [] },
    };
    for (const event of historyOf(this.shop, person)) keep(facts, event);
    this.kept.set(person, facts);
    return facts;
  }
}

function keep(facts: Facts, { name, at, properties }: ShopEvent): void {
  const key = LISTS[name];
  if (!key) return;
  const list = facts[key];
  list.push({ at, ...properties });
  while (list.length > 1 && list[0]!.at < at - KEPT_MS) list.shift();
}
