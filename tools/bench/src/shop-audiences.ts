import { type Definition, parseText, resolveAudiences } from '@percorso/segmentation';

export type Parameters = Record<string, string | number>;

export interface ShopAudience {
  /** What its SQL and its peers' rules are filed under. */
  kind: string;
  parameters: Parameters;
  text: string;
  /** As `POST /v1/audiences` takes it. */
  source: object;
  definition: Definition;
}

const COUNTRIES = ['IT', 'FR', 'DE', 'ES', 'AT'];
const CATEGORIES = ['shoes', 'coats', 'books', 'garden', 'coffee', 'toys', 'lamps', 'tea'];
const CITIES = ['Rome', 'Milan', 'Turin', 'Paris', 'Berlin'];

/** Ten audiences a shop would have. {name} is a parameter; its SQL in sql/ has the same. */
const TEXTS: Record<string, string> = {
  market: 'trait.country in ["{country}", "{other}"] and trait.plan = "{plan}"',
  established:
    'trait.address.city = "{city}" and trait.points >= {points} and trait.since < {years} days ago',
  regulars: 'event("Order Completed" where amount > {amount}, last 30 days).count >= {times}',
  asleep: 'consent("email") is granted and event("Email Opened", last {days} days).count = 0',
  abandoned: 'event("Cart Updated", last {days} days) then no event("Order Completed") within 2 hours',
  spenders: 'event("Order Completed", last {months} days).sum(amount) >= {spent}',
  interested: `(event("Product Viewed" where category = "{category}", last {days} days).count >= 2 or event("Cart Updated", last 3 days))
    and not (trait.plan = "free" or event("Order Completed", last 14 days))`,
  loyal: `(trait.country in ["{country}", "{other}"] and trait.plan = "{plan}") and event("Order Completed", last {months} days).sum(amount) >= {spent}
    and not event("Ticket Opened", last 30 days)`,
  fans: 'event("Order Completed" where category = "{category}", last 60 days).sum(amount) > {spent}',
  lapsed: 'event("Logged In").last <= {days} days ago and identity.email contains "@mail.example"',
};

/** Variant 0 is the one people would start with; the others are what a shop adds over time, sharing conditions. */
function parametersOf(kind: string, variant: number): Parameters {
  const market = {
    country: COUNTRIES[variant % 5] ?? '',
    other: COUNTRIES[(variant + 1) % 5] ?? '',
    plan: variant < 5 ? 'pro' : 'basic',
  };
  const spending = { months: variant % 2 ? 30 : 90, spent: 300 + 50 * (variant % 5) };
  const category = CATEGORIES[variant % 8] ?? '';
  const parameters: Record<string, Parameters> = {
    market,
    established: {
      city: CITIES[variant % 5] ?? '',
      points: 500 + 100 * variant,
      years: variant % 2 ? 730 : 365,
    },
    regulars: { amount: 50 + 5 * (variant % 5), times: variant < 5 ? 3 : 2 },
    asleep: { days: 14 + variant },
    abandoned: { days: 7 + variant },
    spenders: spending,
    interested: { category, days: 7 + (variant % 3) },
    loyal: { ...market, ...spending },
    fans: { category, spent: 100 + 10 * variant },
    lapsed: { days: 30 + 3 * variant },
  };
  return parameters[kind] ?? {};
}

/** @throws RangeError for a parameter nobody gave */
export const filled = (text: string, parameters: Parameters): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined) throw new RangeError(`no parameter ${name}`);
    return String(value);
  });

/** `count` audiences, 10 to 100: the ten kinds, then their variants. */
export function shopAudiences(count: number): ShopAudience[] {
  const kinds = Object.keys(TEXTS);
  return Array.from({ length: count }, (_, index) => {
    const kind = kinds[index % kinds.length] ?? '';
    const parameters = parametersOf(kind, Math.floor(index / kinds.length));
    const text = filled(TEXTS[kind] ?? '', parameters);
    const parsed = parseText(text);
    if (!parsed.ok) throw new SyntaxError(`${text}: ${JSON.stringify(parsed.mistakes)}`);
    const resolved = resolveAudiences(parsed.definition, () => 'unknown-audience');
    if (!resolved.ok) throw new SyntaxError(`${text}: ${JSON.stringify(resolved.errors)}`);
    return { kind, parameters, text, source: parsed.source, definition: resolved.definition };
  });
}
