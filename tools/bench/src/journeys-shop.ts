/** How long a cart is left alone before its owner is looked at again. */
export const CART_WAIT_S = 5;

const message = (step: string): object => ({
  jsonata: `{"to": profile.traits.email, "cart": event.properties.cart_id, "step": "${step}", "discount": context.discount, "subject": "Your cart over " & $string(event.properties.total)}`,
});

const isPro = { trait: { path: 'plan', op: 'eq', value: 'pro' } };

/** A cart that is left alone: its owner is reminded of it at once, and those on the plan `pro` once more. */
export const abandonedCart = (connector: string): object => ({
  version: 1,
  key: 'cart_id',
  entries: [{ event: { name: 'Cart Updated', where: [{ path: 'total', op: 'gte', value: 20 }] } }],
  where: { consent: { channel: 'email', is: 'granted' } },
  goal: { event: { name: 'Order Completed' } },
  start: 'plan',
  steps: {
    plan: { branch: [{ where: isPro, next: 'offer' }], next: 'remind' },
    offer: { update: { context: { discount: '"10"' } }, next: 'remind' },
    remind: { send: { connector, content: message('remind') }, next: 'a-while' },
    'a-while': { wait: { for: `${CART_WAIT_S}s` }, next: 'again' },
    again: { branch: [{ where: isPro, next: 'last' }] },
    last: { send: { connector, content: message('last') } },
  },
});

/** What somebody's cart passes: lines of the trace, and messages. */
export function cartStory(pro: boolean, ordered: boolean): { path: string; messages: string[] } {
  const offer = pro ? ['offer passed'] : [];
  const first = [' entered', 'plan passed', ...offer, 'remind passed', 'a-while entered'];
  if (ordered)
    return { path: [...first, ' goal', 'a-while stopped', ' ended'].join(','), messages: ['remind'] };
  const last = pro ? ['last passed'] : [];
  return {
    path: [...first, 'a-while left', 'again passed', ...last, ' ended'].join(','),
    messages: pro ? ['remind', 'last'] : ['remind'],
  };
}

/** Somebody tries something for a month, unless it is bought before. */
export const trial = {
  version: 1,
  entries: [{ event: { name: 'Trial Started' } }],
  start: 'month',
  steps: {
    month: {
      await: { any: [{ event: { name: 'Trial Converted' }, next: 'thank' }], timeout: '30d' },
      timedOut: 'over',
    },
    thank: { update: { context: { converted: '"yes"' } } },
    over: { update: { context: { converted: '"no"' } } },
  },
};

/** Members of an audience after each of its evaluations, as many a second as may be, half of them a day later. */
export const winBack = (audience: string): object => ({
  version: 1,
  entries: [{ read: { audience, afterEvaluation: true, perSecond: 20_000 } }],
  reentry: 'once',
  holdout: 10,
  goal: { event: { name: 'Order Completed' } },
  start: 'arms',
  steps: {
    arms: { split: { arms: [{ name: 'a', percent: 50, next: 'a-day' }] }, next: 'two-days' },
    'a-day': { wait: { for: '1d' } },
    'two-days': { wait: { for: '2d' } },
  },
});
