import { newId } from '@percorso/kernel';
import { isPro, type JourneysHub } from './journeys-hub';
import { CART_WAIT_S } from './journeys-shop';
import { BATCH, openLoop, Poster, sleep } from './open-loop';

/** Of the carts this part is bought, some time before their owners are looked at again. */
const ORDERED_EVERY = 4;
const ORDER_AFTER_MS = (CART_WAIT_S * 1000) / 2;

export interface Cart {
  pro: boolean;
  ordered: boolean;
  /** Milliseconds since 1970: when the request should have left, and when it was answered. */
  due: number;
  accepted: number;
}

interface Order {
  userId: string;
  cart: string;
  at: number;
}

/** Has customers fill carts and buy some of them, and remembers all of it. */
export class CartLoad {
  readonly carts = new Map<string, Cart>();
  private readonly poster: Poster;
  private readonly orders: Order[] = [];
  private serial = 0;

  constructor(private readonly hub: JourneysHub) {
    this.poster = new Poster(hub.url, hub.writeKey);
  }

  /** `rate` carts a second for `seconds`, whatever the hub does with them; then the orders that are left. */
  async openLoop(rate: number, seconds: number): Promise<void> {
    await openLoop((due) => this.batch(due, BATCH, true), { rate, seconds, clock: Date.now });
    while (this.orders.length > 0) {
      await sleep(this.orders[0]!.at - Date.now());
      const orders = this.dueOrders();
      if (orders.length > 0) await this.poster.post(orders);
    }
  }

  /** So many carts as fast as they are taken, by requests of `batch` on so many connections. */
  async burst(carts: number, { connections, batch }: { connections: number; batch: number }): Promise<void> {
    let left = carts;
    const connection = async (): Promise<void> => {
      while (left > 0) {
        const size = Math.min(batch, left);
        left -= size;
        await this.batch(Date.now(), size, false);
      }
    };
    await Promise.all(Array.from({ length: connections }, connection));
  }

  close(): void {
    this.poster.close();
  }

  /** One request; orders of earlier carts come with it. */
  private async batch(due: number, size: number, ordering: boolean): Promise<void> {
    const items: object[] = this.dueOrders();
    const fresh: string[] = [];
    for (let index = 0; index < size; index++) {
      const number = this.serial++;
      const cart = `cart-${newId()}`;
      const [userId, ordered] = [this.owner(number), ordering && number % ORDERED_EVERY === 0];
      this.carts.set(cart, { pro: isPro(number % this.hub.base), ordered, due, accepted: 0 });
      fresh.push(cart);
      items.push(
        track('Cart Updated', userId, {
          cart_id: cart,
          total: 20 + (number % 100),
          items: 3,
          currency: 'EUR',
        }),
      );
      if (ordered) this.orders.push({ userId, cart, at: Date.now() + ORDER_AFTER_MS });
    }
    await this.poster.post(items);
    const accepted = Date.now();
    for (const cart of fresh) this.carts.get(cart)!.accepted = accepted;
  }

  /** Everybody in turn, first ones and copies alike. */
  private owner(number: number): string {
    const copy = Math.floor(number / this.hub.base) % (this.hub.customers / this.hub.base);
    const own = `u${number % this.hub.base}`;
    return copy === 0 ? own : `${copy}.${own}`;
  }

  private dueOrders(): object[] {
    const now = Date.now();
    const due = this.orders.findIndex(({ at }) => at > now);
    const orders = this.orders.splice(0, due < 0 ? this.orders.length : due);
    return orders.map(({ userId, cart }) => track('Order Completed', userId, { cart_id: cart, total: 42 }));
  }
}

const track = (event: string, userId: string, properties: object): object => ({
  ...{ type: 'track', messageId: newId(), timestamp: new Date(), userId, event, properties },
});
