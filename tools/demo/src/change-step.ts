import { Call } from './behaviour';
import { Customer } from './customers';
import { StoryContext } from './context';

/**
 * What happens next in the shop: some lapsing VIPs come back and buy (they leave that audience), some who had not
 * agreed to e-mail agree (they enter), and some first orders arrive. Which profile did what is decided from the hub's
 * own members, so that every audience is sure to change.
 */
export function change(context: StoryContext, vips: ReadonlySet<string>): Call[] {
  const at = new Date();
  const calls: Call[] = [];
  const byUser = context.customers;
  const returning = byUser.filter((customer) => vips.has(customer.userId)).slice(0, 20);
  const agreeing = byUser.filter((customer) => !customer.emailConsent).slice(0, 2000);
  const newcomers = byUser.slice(-40);
  for (const customer of returning) calls.push(order(customer, at, 'return'));
  for (const customer of agreeing) calls.push(agree(customer, at));
  for (const customer of newcomers) calls.push(order(customer, at, 'first'));
  return calls;
}

function order(customer: Customer, at: Date, why: string): Call {
  return {
    type: 'track',
    messageId: `change-${why}-${customer.userId}`,
    timestamp: at,
    userId: customer.userId,
    event: 'Order Completed',
    properties: { order_id: `o-${why}-${customer.userId}`, revenue: 49.9, currency: 'EUR' },
  };
}

function agree(customer: Customer, at: Date): Call {
  return {
    type: 'identify',
    messageId: `change-consent-${customer.userId}`,
    timestamp: at,
    userId: customer.userId,
    traits: {},
    context: { consent: { categoryPreferences: { email: true } } },
  };
}
