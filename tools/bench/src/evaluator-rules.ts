import { Engine, type NestedCondition, type TopLevelCondition } from 'json-rules-engine';
import type { Ask, Facts, PlainEvent } from './evaluator-peer';
import type { Parameters, ShopAudience } from './shop-audiences';

const DAY_MS = 86_400_000;

type Read = (facts: Facts) => unknown;
/** A condition on a value its host computes; values of one key are computed once however many rules ask. */
type Value = (key: string, read: Read, operator: string, value: unknown) => NestedCondition;

type Keep = (event: PlainEvent) => boolean;
const any: Keep = () => true;

function within(events: readonly PlainEvent[], now: number, days: number, keep: Keep): PlainEvent[] {
  return events.filter((event) => event.at >= now - days * DAY_MS && event.at < now && keep(event));
}

const sum = (events: readonly PlainEvent[]): number =>
  events.reduce((total, { amount }) => total + amount, 0);

function abandoned({ carts, orders, now }: Facts, days: number): boolean {
  return carts.some(
    ({ at }) =>
      at >= now - days * DAY_MS &&
      at + 7_200_000 <= now &&
      !orders.some((order) => order.at > at && order.at < at + 7_200_000),
  );
}

const ordered = (value: Value, days: number): NestedCondition =>
  value(`ordered ${days}`, ({ orders, now }) => within(orders, now, days, any).length, 'greaterThan', 0);

const spent = (value: Value, days: number, least: number): NestedCondition =>
  value(
    `spent ${days}`,
    ({ orders, now }) => sum(within(orders, now, days, any)),
    'greaterThanInclusive',
    least,
  );

const market = (p: Parameters, value: Value): NestedCondition[] => [
  value('country', ({ traits }) => traits.country, 'in', [p['country'], p['other']]),
  value('plan', ({ traits }) => traits.plan, 'equal', p['plan']),
];

/** The shop's audiences as rules; what json-rules-engine cannot compute from lists, its host does. */
const RULES: Record<string, (p: Parameters, value: Value) => TopLevelCondition> = {
  market: (p, value) => ({ all: market(p, value) }),
  established: (p, value) => ({
    all: [
      value('city', ({ traits }) => traits.address.city, 'equal', p['city']),
      value('points', ({ traits }) => traits.points, 'greaterThanInclusive', p['points']),
      value(
        'age',
        ({ traits, now }) => now - Date.parse(traits.since),
        'greaterThan',
        Number(p['years']) * DAY_MS,
      ),
    ],
  }),
  regulars: (p, value) => ({
    all: [
      value(
        `orders over ${p['amount']}`,
        ({ orders, now }) => within(orders, now, 30, ({ amount }) => amount > Number(p['amount'])).length,
        'greaterThanInclusive',
        p['times'],
      ),
    ],
  }),
  asleep: (p, value) => ({
    all: [
      value('consent', ({ consent }) => consent.email ?? 'unknown', 'equal', 'granted'),
      value(
        `opened ${p['days']}`,
        ({ opened, now }) => within(opened, now, Number(p['days']), any).length,
        'equal',
        0,
      ),
    ],
  }),
  abandoned: (p, value) => ({
    all: [value(`abandoned ${p['days']}`, (facts) => abandoned(facts, Number(p['days'])), 'equal', true)],
  }),
  spenders: (p, value) => ({ all: [spent(value, Number(p['months']), Number(p['spent']))] }),
  interested: (p, value) => ({
    all: [
      {
        any: [
          value(
            `viewed ${p['category']} ${p['days']}`,
            ({ views, now }) =>
              within(views, now, Number(p['days']), ({ category }) => category === p['category']).length,
            'greaterThanInclusive',
            2,
          ),
          value('carts 3', ({ carts, now }) => within(carts, now, 3, any).length, 'greaterThan', 0),
        ],
      },
      { not: { any: [value('plan', ({ traits }) => traits.plan, 'equal', 'free'), ordered(value, 14)] } },
    ],
  }),
  loyal: (p, value) => ({
    all: [
      ...market(p, value),
      spent(value, Number(p['months']), Number(p['spent'])),
      {
        not: value(
          'tickets 30',
          ({ tickets, now }) => within(tickets, now, 30, any).length,
          'greaterThan',
          0,
        ),
      },
    ],
  }),
  fans: (p, value) => ({
    all: [
      value(
        `spent on ${p['category']}`,
        ({ orders, now }) => sum(within(orders, now, 60, ({ category }) => category === p['category'])),
        'greaterThan',
        p['spent'],
      ),
    ],
  }),
  lapsed: (p, value) => ({
    all: [
      value(
        'since login',
        ({ logins, now }) => now - (logins.at(-1)?.at ?? now),
        'greaterThanInclusive',
        Number(p['days']) * DAY_MS,
      ),
      value('mail', ({ email }) => email.includes('@mail.example'), 'equal', true),
    ],
  }),
};

interface RuleSet {
  engine: Engine;
  audiences: readonly number[];
}

/** json-rules-engine: an engine for each set of audiences that is asked together, with the facts those need. */
export function askRules(audiences: readonly ShopAudience[]): Ask {
  const all = audiences.map((_, audience) => audience);
  const sets = new Map<readonly number[] | 'all', RuleSet>();
  let current: Facts;
  const made = (asked: readonly number[]): RuleSet => {
    const engine = new Engine();
    const known = new Set<string>();
    const value: Value = (key, read, operator, compared) => {
      // Cached by the engine: a fact many rules ask for is computed once a run.
      if (!known.has(key)) engine.addFact(key, () => read(current));
      known.add(key);
      return { fact: key, operator, value: compared };
    };
    for (const audience of asked) {
      const { kind, parameters } = audiences[audience]!;
      engine.addRule({ conditions: RULES[kind]!(parameters, value), event: { type: String(audience) } });
    }
    return { engine, audiences: asked };
  };
  return async (facts, asked) => {
    let set = sets.get(asked);
    if (!set) sets.set(asked, (set = made(asked === 'all' ? all : asked)));
    current = facts;
    const { events } = await set.engine.run();
    const held = new Set(events.map(({ type }) => Number(type)));
    return new Map(set.audiences.map((audience) => [audience, held.has(audience)]));
  };
}
