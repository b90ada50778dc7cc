import { Random } from './random';

export interface Customer {
  userId: string;
  /** The browser's id before log-in. */
  anonymousId: string;
  /** An id from an older system, later joined to userId by `alias`. */
  previousId?: string;
  /** Absent for the few who registered by phone. */
  email?: string;
  firstName: string;
  lastName: string;
  city: string;
  phone?: string;
  company?: string;
  emailConsent: boolean;
  signedUpAt: Date;
  /** Expected sessions a day; a few customers are very active, most hardly. */
  activity: number;
  /** Chance that a session ends in a purchase. */
  intent: number;
  /** Typical basket. */
  basket: number;
  /** Share of the period after which the customer fell silent; 1 for never. */
  activeUntil: number;
}

const DAY = 86_400_000;

/** Every script a mapping, an SMTP header and a CSV must survive. */
const LOCALES = [
  'en',
  'de',
  'it',
  'pl',
  'el',
  'ja',
  'ko',
  'zh_CN',
  'ar',
  'he',
  'ru',
  'th',
  'vi',
  'tr',
] as const;

/** `count` customers of a shop as of `now`, the same for the same seed. Addresses are under example domains. */
export async function makeCustomers(seed: number, count: number, now: Date): Promise<Customer[]> {
  const faker = await import('@faker-js/faker');
  const random = new Random(seed);
  const people = LOCALES.map((locale) => {
    const instance = new faker.Faker({ locale: [faker[locale], faker.en, faker.base] });
    instance.seed(seed);
    return instance;
  });
  return Array.from({ length: count }, (_, index): Customer => {
    const person = people[random.next() < 0.5 ? 0 : random.between(0, people.length - 1)]!;
    const age = random.chance(0.25) ? random.next() * 90 : 90 + random.next() * 600;
    return {
      userId: `u-${seed}-${index}`,
      anonymousId: `a-${seed}-${index}`,
      ...(random.chance(0.04) ? { previousId: `legacy-${seed}-${index}` } : {}),
      ...(random.chance(0.97)
        ? { email: `c${index}.${seed}@${bouncing(index) ? 'bounce' : 'shop'}.example` }
        : {}),
      firstName: person.person.firstName(),
      lastName: person.person.lastName(),
      city: person.location.city(),
      ...(random.chance(0.6) ? { phone: `+49151${String(10_000_000 + index)}` } : {}),
      ...(random.chance(0.05) ? { company: `company-${random.between(1, 40)}` } : {}),
      emailConsent: random.chance(0.8),
      signedUpAt: new Date(now.getTime() - age * DAY),
      activity: Math.min(1.5, 0.045 * Math.exp(random.normal() * 1.1)),
      intent: Math.min(0.6, 0.12 * Math.exp(random.normal() * 0.7)),
      basket: 35 * Math.exp(random.normal() * 0.8),
      activeUntil: random.chance(0.35) ? 0.2 + random.next() * 0.5 : 1,
    };
  });
}

/** Some mailboxes do not exist: their server refuses them for good. */
const bouncing = (index: number): boolean => index % 61 === 7;
