import { Customer } from './customers';
import { Random } from './random';

/** One call of the tracking API, before it is sent. */
export interface Call {
  type: 'identify' | 'track' | 'page' | 'alias' | 'group';
  messageId: string;
  timestamp: Date | string;
  userId?: string;
  anonymousId?: string;
  previousId?: string;
  groupId?: string;
  event?: string;
  properties?: Record<string, unknown>;
  traits?: Record<string, unknown>;
  context?: Record<string, unknown>;
}

const DAY = 86_400_000;
const MINUTE = 60_000;
const CATEGORIES = ['shoes', 'coats', 'books', 'garden', 'coffee', 'toys', 'lamps'] as const;

/** What one customer did in the `days` before `now`, in time order. */
export function behaviour(customer: Customer, random: Random, now: Date, days: number): Call[] {
  const story = new CustomerStory(customer, random);
  const start = now.getTime() - days * DAY;
  const end = start + days * DAY * customer.activeUntil - MINUTE;
  const signUp = Math.max(customer.signedUpAt.getTime(), start + random.next() * DAY);
  if (customer.signedUpAt.getTime() > start)
    story.browse(signUp - random.between(5, 600) * MINUTE, 'anonymous');
  story.signUp(signUp);
  for (let day = signUp; day < end; day += DAY) {
    const sessions = random.poisson(customer.activity * 1.25);
    for (let session = 0; session < sessions; session++) {
      const at = day + random.next() * DAY;
      if (at < end) story.browse(at, random.chance(0.15) ? 'anonymous' : 'known');
    }
    if (customer.emailConsent && random.chance(1 / 7)) story.newsletter(day + random.next() * DAY, end);
  }
  return story.calls.filter((call) => time(call) < now.getTime()).sort((a, b) => time(a) - time(b));
}

const time = (call: Call): number => new Date(call.timestamp).getTime();

class CustomerStory {
  readonly calls: Call[] = [];

  constructor(
    private readonly customer: Customer,
    private readonly random: Random,
  ) {}

  signUp(at: number): void {
    const { customer } = this;
    this.say(at, {
      type: 'identify',
      userId: customer.userId,
      anonymousId: customer.anonymousId,
      traits: {
        ...(customer.email ? { email: customer.email } : {}),
        firstName: customer.firstName,
        lastName: customer.lastName,
        ...(customer.phone ? { phone: customer.phone } : {}),
        address: { city: customer.city },
        createdAt: customer.signedUpAt.toISOString(),
      },
      context: { consent: { categoryPreferences: { email: customer.emailConsent } } },
    });
    if (customer.previousId) {
      this.say(at - MINUTE, {
        type: 'track',
        userId: customer.previousId,
        event: 'Signed Up',
        properties: { plan: 'free' },
      });
      this.say(at + MINUTE, { type: 'alias', userId: customer.userId, previousId: customer.previousId });
    } else {
      this.say(at + 1000, {
        type: 'track',
        userId: customer.userId,
        event: 'Signed Up',
        properties: { plan: 'free' },
      });
    }
    if (customer.company) {
      this.say(at + 2 * MINUTE, {
        type: 'group',
        userId: customer.userId,
        groupId: customer.company,
        traits: { name: customer.company, employees: 10 + customer.company.length },
      });
    }
  }

  browse(at: number, as: 'anonymous' | 'known'): void {
    const { customer, random } = this;
    const who = as === 'known' ? { userId: customer.userId } : { anonymousId: customer.anonymousId };
    const category = random.pick(CATEGORIES);
    let time = at;
    this.say(time, { type: 'page', ...who, properties: { name: 'Home', path: '/' } });
    const views = random.between(2, 6);
    for (let view = 0; view < views; view++) {
      time += random.between(10, 200) * 1000;
      this.say(time, {
        type: 'track',
        ...who,
        event: 'Product Viewed',
        properties: { product_id: `p${random.between(1, 800)}`, category, price: this.price() },
      });
    }
    if (as === 'known' && random.chance(Math.min(0.9, customer.intent * 2))) this.cart(time, category);
  }

  newsletter(at: number, end: number): void {
    const properties = { campaign: `news-${new Date(at).toISOString().slice(0, 10)}`, channel: 'email' };
    const who = { userId: this.customer.userId };
    if (at >= end || !this.random.chance(0.35)) return;
    this.say(at, { type: 'track', ...who, event: 'Email Opened', properties });
    if (this.random.chance(0.2)) {
      this.say(at + MINUTE, { type: 'track', ...who, event: 'Email Link Clicked', properties });
    }
  }

  private cart(at: number, category: string): void {
    const { random } = this;
    const who = { userId: this.customer.userId };
    const price = this.price();
    this.say(at + 20_000, {
      type: 'track',
      ...who,
      event: 'Product Added',
      properties: { category, price, quantity: 1 },
    });
    if (!random.chance(0.8)) return;
    this.say(at + random.between(1, 15) * MINUTE, {
      type: 'track',
      ...who,
      event: 'Order Completed',
      properties: {
        order_id: `o-${this.customer.userId}-${this.calls.length}`,
        revenue: Math.round((price + this.customer.basket * random.next()) * 100) / 100,
        currency: 'EUR',
        category,
      },
    });
  }

  private price(): number {
    return Math.round(this.customer.basket * (0.3 + this.random.next()) * 100) / 100;
  }

  private say(at: number, call: Omit<Call, 'messageId' | 'timestamp'>): void {
    this.calls.push({
      ...call,
      messageId: `m-${this.customer.userId}-${this.calls.length}`,
      timestamp: new Date(Math.floor(at)),
    });
  }
}
