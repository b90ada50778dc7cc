/** What the shop of the story configures: its audiences and how they become messages. */

/** Spent more than this in 90 days and nothing for 30: worth winning back. */
export const VIP_SPENT = 150;

export const lapsingVips = {
  version: 1,
  where: {
    all: [
      {
        event: {
          name: 'Order Completed',
          within: { last: '90d' },
          measure: { sum: 'revenue' },
          op: 'gt',
          value: VIP_SPENT,
        },
      },
      {
        event: { name: 'Order Completed', within: { last: '30d' }, measure: 'count', op: 'eq', value: 0 },
      },
      { consent: { channel: 'email', is: 'granted' } },
    ],
  },
};

export const newBuyers = {
  version: 1,
  where: {
    any: [
      { event: { name: 'Order Completed', firstWithin: { last: '7d' } } },
      { sequence: { first: { name: 'Email Opened' }, then: { absent: { name: 'Order Completed' } } } },
    ],
  },
};

/** Lapsing VIPs become recipients of Adobe Campaign. */
export const vipMapping = `{
  "email": profile.identities.email[0],
  "firstName": profile.traits.firstName,
  "lastName": profile.traits.lastName,
  "cusLoyaltyTier": "lapsing-vip"
}`;

export const vipExitMapping = `{
  "email": profile.identities.email[0],
  "cusLoyaltyTier": "none"
}`;

/** New buyers get an e-mail. */
export const welcomeMapping = `{
  "to": profile.identities.email[0],
  "subject": "Welcome, " & profile.traits.firstName,
  "text": "Dear " & profile.traits.firstName & " " & profile.traits.lastName & ",\\n\\nthank you for being with us."
}`;

export const CART_WAIT_MINUTES = 20;
export const CART_REMINDER = 'Your cart is still here';

/** Whoever fills a cart and does not buy within some minutes is reminded of it. */
export const cartJourney = (connectorId: string): object => ({
  version: 1,
  entries: [{ event: { name: 'Product Added' } }],
  where: {
    all: [{ consent: { channel: 'email', is: 'granted' } }, { trait: { path: 'email', op: 'exists' } }],
  },
  goal: { event: { name: 'Order Completed' } },
  start: 'a-while',
  steps: {
    'a-while': { wait: { for: `${CART_WAIT_MINUTES}m` }, next: 'remind' },
    remind: {
      send: {
        connector: connectorId,
        content: {
          jsonata: `{
            "to": profile.traits.email,
            "subject": "${CART_REMINDER}",
            "text": "Dear " & profile.traits.firstName & ", shall we keep it for you?"
          }`,
        },
      },
    },
  },
});
