import { type Call, type Customer, type Traffic } from '@percorso/demo';

const DAY = 86_400_000;

interface History {
  orders: { at: number; revenue: number }[];
  opens: number[];
}

/** Audiences worked out the slow and plain way from the calls themselves, as user ids. */
export class Oracle {
  private readonly histories = new Map<string, History>();

  constructor(
    private readonly customers: readonly Customer[],
    traffic: Traffic,
    private readonly now: number,
  ) {
    const seen = new Set<string>();
    for (const call of traffic.calls) {
      if (seen.has(call.messageId) || call.messageId.startsWith('bad-')) continue;
      seen.add(call.messageId);
      this.add(call);
    }
  }

  lapsingVips(spent: number): string[] {
    return this.select((customer, { orders }) => {
      const recent = orders.filter(({ at }) => at >= this.now - 90 * DAY);
      const cents = recent.reduce((sum, { revenue }) => sum + Math.round(revenue * 100), 0);
      return (
        customer.emailConsent && cents > spent * 100 && !recent.some(({ at }) => at >= this.now - 30 * DAY)
      );
    });
  }

  newBuyers(): string[] {
    return this.select((_customer, { orders, opens }) => {
      const first = Math.min(...orders.map(({ at }) => at));
      const last = Math.max(...orders.map(({ at }) => at));
      return first >= this.now - 7 * DAY && orders.length > 0
        ? true
        : opens.some((at) => orders.length === 0 || at > last);
    });
  }

  private select(belongs: (customer: Customer, history: History) => boolean): string[] {
    return this.customers
      .filter((customer) =>
        belongs(customer, this.histories.get(customer.userId) ?? { orders: [], opens: [] }),
      )
      .map(({ userId }) => userId)
      .sort();
  }

  private add(call: Call): void {
    if (!call.userId || call.type !== 'track') return;
    const history = this.histories.get(call.userId) ?? { orders: [], opens: [] };
    this.histories.set(call.userId, history);
    const at = new Date(call.timestamp).getTime();
    if (call.event === 'Order Completed')
      history.orders.push({ at, revenue: Number(call.properties?.revenue) });
    if (call.event === 'Email Opened') history.opens.push(at);
  }
}
