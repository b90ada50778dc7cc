import { type Call, Random } from '@percorso/demo';

/** Who somebody is, from the first call on. */
export interface Person {
  userId: string;
  email?: string;
  phone: string;
  device: string;
  consents: boolean;
}

/** Somebody of that number: a few have no address, have not consented, or a mailbox that is not there. */
export function personOf(number: number): Person {
  const host = number % 29 === 3 ? 'bounce.example' : 'shop.example';
  return {
    userId: `u-${number}`,
    ...(number % 31 === 5 ? {} : { email: `u${number}@${host}` }),
    phone: `+4670${String(1_000_000 + number)}`,
    device: `device-${number}`,
    consents: number % 11 !== 7,
  };
}

/** Whether the mail server refuses the address for good. */
export const bounces = (email: string): boolean => email.endsWith('@bounce.example');

/** An endless life of a shop: people come, buy, and become and cease to be important customers. */
export class ShopLife {
  private readonly tiers: ('vip' | 'none')[] = [];
  private serial = 0;
  private lastAt = 0;

  constructor(
    private readonly random: Random,
    private readonly now: () => number = Date.now,
  ) {}

  /** What happens next, and to whom. */
  next(): Call[] {
    const { random } = this;
    if (this.tiers.length < 20 || random.chance(0.2)) return this.arrive();
    const number = random.between(0, this.tiers.length - 1);
    const roll = random.next();
    if (roll < 0.3) return [this.order(number)];
    if (roll < 0.75) return [this.changeTier(number)];
    return [this.call({ type: 'page', userId: personOf(number).userId, properties: { path: '/' } })];
  }

  private arrive(): Call[] {
    const number = this.tiers.length;
    const { userId, email, phone, device, consents } = personOf(number);
    const anonymousId = `a-${number}`;
    const tier = this.random.chance(0.5) ? 'vip' : 'none';
    this.tiers.push(tier);
    const preferences = { email: consents, sms: consents, push: consents };
    return [
      this.call({ type: 'page', anonymousId, properties: { path: '/landing' } }),
      this.call({
        type: 'identify',
        userId,
        anonymousId,
        traits: { ...(email && { email }), phone, device, tier, firstName: 'Ada', lastName: `Nr ${number}` },
        context: { consent: { categoryPreferences: preferences } },
      }),
      ...(this.random.chance(0.6) ? [this.order(number)] : []),
    ];
  }

  private changeTier(number: number): Call {
    const tier = this.tiers[number] === 'vip' ? 'none' : 'vip';
    this.tiers[number] = tier;
    return this.call({ type: 'identify', userId: personOf(number).userId, traits: { tier } });
  }

  private order(number: number): Call {
    const properties = { revenue: this.random.between(5, 200), currency: 'EUR' };
    return this.call({
      type: 'track',
      userId: personOf(number).userId,
      event: 'Order Completed',
      properties,
    });
  }

  /** No two calls have the same time, so that the last word on a trait is one. */
  private call(call: Omit<Call, 'messageId' | 'timestamp'>): Call {
    this.lastAt = Math.max(this.lastAt + 1, this.now());
    return { ...call, messageId: `m-${++this.serial}`, timestamp: new Date(this.lastAt).toISOString() };
  }
}
