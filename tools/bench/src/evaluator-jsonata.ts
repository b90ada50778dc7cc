import jsonata from 'jsonata';
import type { Ask } from './evaluator-peer';
import { filled, type ShopAudience } from './shop-audiences';

/** The shop's audiences as JSONata expressions over a customer's facts; {name} is a parameter. */
const EXPRESSIONS: Record<string, string> = {
  market: 'traits.country in ["{country}", "{other}"] and traits.plan = "{plan}"',
  established:
    'traits.address.city = "{city}" and traits.points >= {points} and $toMillis(traits.since) < now - {years} * 86400000',
  regulars: '$count(orders[at >= $$.now - 30 * 86400000 and at < $$.now and amount > {amount}]) >= {times}',
  asleep:
    'consent.email = "granted" and $count(opened[at >= $$.now - {days} * 86400000 and at < $$.now]) = 0',
  abandoned: `$exists(carts[($cart := at; $cart >= $$.now - {days} * 86400000 and $cart + 7200000 <= $$.now
    and $not($exists($$.orders[at > $cart and at < $cart + 7200000])))])`,
  spenders: '$sum(orders[at >= $$.now - {months} * 86400000 and at < $$.now].amount) >= {spent}',
  interested: `($count(views[category = "{category}" and at >= $$.now - {days} * 86400000 and at < $$.now]) >= 2
      or $exists(carts[at >= $$.now - 3 * 86400000 and at < $$.now]))
    and $not(traits.plan = "free" or $exists(orders[at >= $$.now - 14 * 86400000 and at < $$.now]))`,
  loyal: `traits.country in ["{country}", "{other}"] and traits.plan = "{plan}"
    and $sum(orders[at >= $$.now - {months} * 86400000 and at < $$.now].amount) >= {spent}
    and $not($exists(tickets[at >= $$.now - 30 * 86400000 and at < $$.now]))`,
  fans: '$sum(orders[category = "{category}" and at >= $$.now - 60 * 86400000 and at < $$.now].amount) > {spent}',
  lapsed: 'logins[-1].at <= now - {days} * 86400000 and $contains(email, "@mail.example")',
};

/** Stock JSONata: one expression an audience, parsed once. */
export function askJsonata(audiences: readonly ShopAudience[]): Ask {
  const expressions = audiences.map(({ kind, parameters }) =>
    jsonata(filled(EXPRESSIONS[kind] ?? '', parameters)),
  );
  const all = expressions.map((_, audience) => audience);
  return async (facts, asked) => {
    const answers = new Map<number, boolean>();
    for (const audience of asked === 'all' ? all : asked)
      answers.set(audience, (await expressions[audience]!.evaluate(facts)) === true);
    return answers;
  };
}
