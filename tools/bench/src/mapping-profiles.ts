/** Draws that are the same for every run. */
function drawer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

export interface Order {
  id: string;
  at: string;
  total: number;
  currency?: string;
  lines: { sku: string; name: string; quantity: number; price: number }[];
}

/** The 25 fields; each customer lacks some. */
export interface Traits {
  email?: string;
  firstName?: string;
  lastName?: string;
  title?: string;
  gender?: 'f' | 'm' | 'x';
  birthDate?: string;
  phone?: string;
  language?: string;
  country?: string;
  address?: { street?: string; city?: string; postalCode?: string; region?: string };
  company?: { name?: string; vat?: string; employees?: number };
  points?: number;
  tier?: string;
  lifetimeValue?: number;
  lastSeen?: string;
  createdAt?: string;
  newsletter?: boolean;
  interests?: string[];
  stores?: { id: string; visits: number }[];
  orders?: Order[];
  devices?: { kind: string; token?: string }[];
  referrer?: string;
  notes?: string;
  preferences?: { channel?: string; hour?: number; topics?: string[] };
  score?: number;
}

/** What a mapping sees of a member, as a sync hands it over. */
export interface MemberDocument {
  profile: {
    id: string;
    traits: Traits;
    identities: { email?: string[]; user_id?: string[] };
    consent: Record<string, string>;
  };
  audience: { id: string; name: string };
  membership: { op: string; version: number; since: string };
  now: string;
}

const FIRST = ['Ada', 'Bruno', 'Chloé', 'Dora', 'Émile', 'Fatma', 'Gino', 'Hanna', ' Ivo ', 'Jürgen'];
const LAST = ['Rossi', 'Müller', 'Dupont', 'Nowak', 'Silva', 'Öztürk', 'Jansen', 'O"Hara'];
const CITIES = ['Roma', 'Berlin', 'Paris', 'Warszawa', 'Lisboa', 'İzmir', 'Utrecht'];
const COUNTRIES = ['IT', 'DE', 'FR', 'PL', 'PT', 'TR', 'NL'];
const WORDS = ['shoes', 'bikes', 'books', 'garden', 'kitchen', 'music', 'travel', 'games'];
const DAY = 86_400_000;
const NOW = Date.parse('2026-11-25T09:00:00.000Z');

export function memberDocuments(count: number): MemberDocument[] {
  const draw = drawer(count);
  return Array.from({ length: count }, (_, index) => memberDocument(index, draw));
}

function memberDocument(index: number, draw: () => number): MemberDocument {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(draw() * from.length)]!;
  const some = (most: number): number => Math.floor(draw() * (most + 1));
  const maybe = <T>(share: number, value: T): T | undefined => (draw() < share ? value : undefined);
  const ago = (days: number): string => new Date(NOW - Math.floor(draw() * days * DAY)).toISOString();
  const several = <T>(most: number, make: () => T): T[] => Array.from({ length: some(most) }, make);
  const first = pick(FIRST);
  const last = pick(LAST);
  const line = () => ({
    sku: `SKU-${1000 + some(900)}`,
    name: `${pick(WORDS)} ${some(99)}`,
    quantity: some(4),
    price: Math.round(draw() * 20_000) / 100,
  });
  const order = (): Order => ({
    id: `o-${some(1_000_000)}`,
    at: ago(400),
    total: Math.round(draw() * 50_000) / 100,
    currency: maybe(0.8, 'EUR'),
    lines: several(2, line),
  });
  const traits: Traits = {
    email: maybe(0.95, `${first.trim()}.${last}.${index}@Mail.Example`),
    firstName: maybe(0.95, first),
    lastName: maybe(0.95, last),
    title: maybe(0.2, 'Dr.'),
    gender: maybe(0.8, pick(['f', 'm', 'x'] as const)),
    birthDate: maybe(0.6, ago(20_000)),
    phone: maybe(0.7, `+39 06 ${100_000 + some(899_999)}`),
    language: maybe(0.8, pick(['it', 'de', 'fr'])),
    country: maybe(0.9, pick(COUNTRIES)),
    address: maybe(0.8, {
      street: maybe(0.9, `Via ${pick(LAST)} ${some(200)}`),
      city: pick(CITIES),
      postalCode: maybe(0.9, String(10_000 + some(89_999))),
      region: maybe(0.3, 'Lazio'),
    }),
    company: maybe(0.3, { name: `${last} & Co`, vat: maybe(0.5, `IT${some(99_999)}`), employees: some(500) }),
    points: maybe(0.8, some(5000)),
    tier: maybe(0.7, pick(['basic', 'silver', 'gold'])),
    lifetimeValue: maybe(0.8, Math.round(draw() * 500_000) / 100),
    lastSeen: maybe(0.9, ago(90)),
    createdAt: ago(2000),
    newsletter: maybe(0.9, draw() < 0.6),
    interests: maybe(
      0.8,
      several(4, () => pick(WORDS)),
    ),
    stores: maybe(
      0.5,
      several(2, () => ({ id: `s${some(40)}`, visits: some(20) })),
    ),
    orders: maybe(0.8, several(3, order)),
    devices: maybe(
      0.5,
      several(2, () => ({ kind: pick(['ios', 'android']), token: maybe(0.8, `t${some(1e9)}`) })),
    ),
    referrer: maybe(0.2, `p-${some(10_000)}`),
    notes: maybe(0.2, `Said: "call me\nlater" – ${pick(WORDS)}`),
    preferences: maybe(0.6, {
      channel: maybe(0.8, pick(['email', 'sms'])),
      hour: some(23),
      topics: maybe(
        0.5,
        several(2, () => pick(WORDS)),
      ),
    }),
    score: maybe(0.7, draw()),
  };
  const document: MemberDocument = {
    profile: {
      id: `p-${index}`,
      traits,
      identities: { email: traits.email === undefined ? undefined : [traits.email], user_id: [`u${index}`] },
      consent: { 'email:news': pick(['granted', 'denied']), 'sms:offers': pick(['granted', 'denied']) },
    },
    audience: { id: 'a-1', name: 'Autumn buyers' },
    membership: { op: 'enter', version: 1 + some(5), since: ago(10) },
    now: new Date(NOW).toISOString(),
  };
  // As it comes from the hub: what is missing is not there.
  return JSON.parse(JSON.stringify(document)) as MemberDocument;
}
