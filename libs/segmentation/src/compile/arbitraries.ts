import fc from 'fast-check';
import type { Lookups, Subject } from './reference-evaluator';

/** Definitions and persons drawn from few names and values, so that they meet often. */
export const NOW = new Date('2026-06-15T12:00:00.000Z');
const DAY = 86_400_000;
/** The audience whose list `imported` looks at. */
export const OWN_LIST = '0197a6d0-aaaa-7222-8333-444455556666';

const NUMBERS = [0, 1, -1, 0.1, 0.2, 0.3, 19.99, 150, 150.000000001, 1e15, -2.5];
const numbers = fc.constantFrom(...NUMBERS);
const TEXTS = ['', 'a', 'A', 'gold', 'Gold', "it's \\ \t\n{p0:String}", 'é', '😀', '\uFFFD', 'go', '["a"]'];
const texts = fc.constantFrom(...TEXTS);
const dates = fc.constantFrom(
  '2026-06-15',
  '2026-06-15T12:00:00Z',
  '2026-06-15T14:00:00.000+02:00',
  '2026-06-15T11:59:59.999Z',
  '2026-05-16T12:00:00.0009Z',
  '2026-02-30',
  '1850-01-01',
  '2026-06-15T24:00:00Z',
  'yesterday',
);
const births = fc.constantFrom<unknown>(
  '2000-06-15',
  '1999-06-14',
  '1985-06-16T23:30:00-05:00',
  '2000-06-22T10:00:00Z',
  '1990-07-15',
  '2004-02-29',
  '2001-02-29',
  '1990-01-01',
  'June 15',
  615,
);
const scalars = fc.oneof(numbers, texts, dates, fc.boolean(), fc.constant(null));
const bag = fc.record(
  {
    tier: scalars,
    spent: numbers,
    seen: dates,
    vip: fc.boolean(),
    tags: fc.constantFrom<unknown[]>(
      [],
      ['a'],
      ['gold', 'a'],
      [1, '1', true],
      [0.1, 1e15, null, ['a'], { a: 1 }],
    ),
    born: births,
    zone: fc.constantFrom<unknown>(
      'Pacific/Kiritimati',
      'Asia/Calcutta',
      'Europe/Rome',
      'europe/rome',
      '+14:00',
      'x',
      14,
    ),
    address: fc.record({ city: scalars, zip: scalars }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

/** Instants around every edge the definitions use, one millisecond to either side. */
const instants = fc
  .tuple(fc.constantFrom(0, 1, 2, 7, 30, 90, 400), fc.constantFrom(-1, 0, 1, 3_600_000))
  .map(([days, shift]) => NOW.getTime() - days * DAY + shift);
const eventNames = fc.constantFrom('Order Completed', 'Email Opened', "Quote'd");
const state = fc.constantFrom('granted' as const, 'denied' as const);

const namespaces = fc.constantFrom('email', 'phone');
const identityTexts = fc.constantFrom('a', 'ann@example.com', 'ANN@example.com', '+39', "o'neil%", 'é😀');

const happened = fc.record({ name: eventNames, at: instants, properties: bag });
/** Enough of one person that some are folded into totals. */
export const manyEvents = fc.array(happened, { minLength: 100, maxLength: 200 });

/** Accounts of a population. */
const MOST_ACCOUNTS = 4;
const subject = fc.record({
  traits: bag,
  identities: fc.array(fc.record({ namespace: namespaces, value: identityTexts }), { maxLength: 4 }),
  accounts: fc.uniqueArray(fc.nat(MOST_ACCOUNTS - 1), { maxLength: 3 }),
  lists: fc.constantFrom<string[]>([], [OWN_LIST]),
  consent: fc.dictionary(
    fc.constantFrom('email', 'sms'),
    fc.dictionary(fc.constantFrom('*', 'news', "o'clock"), state),
  ),
  events: fc.array(happened, { maxLength: 6 }),
});

/** Everybody belongs to some of few accounts, so that they share them. */
export const arbitrarySubjects: fc.Arbitrary<Subject[]> = fc
  .tuple(
    fc.array(bag, { minLength: MOST_ACCOUNTS, maxLength: MOST_ACCOUNTS }),
    fc.array(subject, { minLength: 1, maxLength: 12 }),
  )
  .map(([known, subjects]) => {
    const everyone: Subject[] = [];
    for (const { accounts, ...one } of subjects) {
      const person = everyone.length + 1;
      everyone.push({
        person,
        lookups: LOOKUPS,
        ...one,
        accounts: accounts.map((index) => known[index]!),
        everyone,
      });
    }
    return everyone;
  });

const paths = fc.constantFrom(
  'tier',
  'spent',
  'seen',
  'vip',
  'tags',
  'address',
  'address.city',
  'address.zip',
  'none',
);
const orders = fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte');
const durations = fc.constantFrom('1d', 'P2D', '7d', '30d', 'P90D', '24h', '1s');
const numberValues = fc.oneof(
  numbers,
  fc.constantFrom({ decimal: '0.3' }, { decimal: '150.000000001' }, { decimal: '2' }),
);
const dateValues = fc.oneof(
  fc.constantFrom({ date: '2026-06-15' }, { date: '2026-06-15T12:00:00Z' }),
  durations.map((ago) => ({ ago })),
  durations.map((ahead) => ({ ahead })),
);
const plain = fc.oneof(numberValues, texts, fc.boolean());
const test = fc.oneof(
  fc.record({ path: paths, op: orders, value: fc.oneof(numberValues, texts, dateValues) }),
  fc.record({ path: paths, op: fc.constantFrom('eq', 'ne'), value: fc.boolean() }),
  fc.record({ path: paths, op: fc.constant('in'), value: fc.array(plain, { minLength: 1, maxLength: 4 }) }),
  fc.record({
    path: paths,
    op: fc.constantFrom('contains', 'startsWith'),
    value: texts.filter((text) => text !== ''),
  }),
  fc.record({ path: fc.oneof(fc.constant('tags'), paths), op: fc.constant('includes'), value: plain }),
  fc.record({ path: paths, op: fc.constant('exists'), value: fc.boolean() }),
);
/** Items that events name, by values which happen to be keys; every fourth is missing. */
const itemsOf = (keys: readonly (string | number)[]): Lookups[string] =>
  Object.fromEntries(
    keys.flatMap((key, index) => {
      if (index % 4 === 3) return [];
      const at = <T>(list: readonly T[], shift: number): T => list[(index + shift) % list.length]!;
      const tier = index % 3 === 0 ? at(NUMBERS, 1) : at(TEXTS, 2);
      const fields = { tier, spent: at(NUMBERS, 3), seen: at(['2026-06-15', '2026-06-14', 'yesterday'], 0) };
      const more = {
        vip: index % 2 === 0,
        tags: [at(TEXTS, 1), at(NUMBERS, 2)],
        address: { city: at(TEXTS, 0) },
      };
      return [[String(key), index % 5 === 0 ? fields : { ...fields, ...more }]];
    }),
  );
export const LOOKUPS: Lookups = {
  product: itemsOf([...NUMBERS, ...TEXTS.filter((text) => text !== ''), 'true']),
  shop: itemsOf([...TEXTS.filter((text) => text !== ''), ...NUMBERS].reverse()),
};
const fixedDate = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && ('ago' in value || 'ahead' in value)
    ? { date: '2026-06-15' }
    : value;
const lookupTest = fc
  .tuple(
    test,
    fc.constantFrom('tier', 'spent', 'spent', 'tags'),
    fc.constantFrom('product', 'product', 'shop', 'nothing'),
  )
  .map(([{ path: field, op, value }, path, lookup]) => ({
    path,
    lookup,
    field,
    op,
    value: fixedDate(value),
  }));
const window = fc.oneof(
  durations.map((last) => ({ last })),
  fc.constantFrom(
    { from: { ago: '30d' }, to: { ago: '7d' } },
    { from: '2026-06-08T12:00:00Z' },
    { to: '2026-05-16T12:00:00.000Z' },
    { to: { ago: '90d' } },
  ),
);
const tests = fc.array(test, { minLength: 1, maxLength: 2 });
const where = fc.array(fc.oneof({ weight: 3, arbitrary: test }, { weight: 1, arbitrary: lookupTest }), {
  minLength: 1,
  maxLength: 2,
});
const selector = { name: eventNames, where };
const numeric = fc.oneof(
  fc.constant('count' as unknown),
  fc
    .tuple(fc.constantFrom('sum', 'min', 'max', 'avg', 'distinct'), fc.constantFrom('spent', 'tier'))
    .map(([of, path]) => ({ [of]: path })),
);
const periods = fc.constantFrom(
  { within: { last: '2d' }, every: '24h' },
  { within: { last: '90d' }, every: 'P30D' },
  { within: { from: { ago: '30d' }, to: { ago: '2d' } }, every: '14d' },
  { within: { from: '2026-06-01T12:00:00Z', to: '2026-06-15T12:00:00Z' }, every: '7d' },
);
const few = fc.constantFrom<unknown>(0, 1, 2, 3, { decimal: '1.5' });
const event = fc.oneof(
  fc.record({ ...selector, within: window }, { requiredKeys: ['name'] }),
  fc.record(
    { ...selector, within: window, measure: numeric, op: orders, value: fc.oneof(few, numberValues) },
    { requiredKeys: ['name', 'measure', 'op', 'value'] },
  ),
  fc.record(
    { ...selector, within: window, measure: fc.constantFrom('first', 'last'), op: orders, value: dateValues },
    { requiredKeys: ['name', 'measure', 'op', 'value'] },
  ),
  fc
    .tuple(
      fc.record(selector, { requiredKeys: ['name'] }),
      periods,
      fc.record({ measure: fc.constantFrom('count' as unknown, { sum: 'spent' }), op: orders, value: few }),
      fc.boolean(),
    )
    .map(([events, window, compared, plainly]) => ({ ...events, ...window, ...(plainly ? {} : compared) })),
  fc.record({ ...selector, firstWithin: window }, { requiredKeys: ['name', 'firstWithin'] }),
);
const second = fc.record(selector, { requiredKeys: ['name'] });
const first = fc.record({ ...selector, within: window }, { requiredKeys: ['name'] });
const present = second.map((event) => ({ present: event }));
const absent = second.map((event) => ({ absent: event }));
const gapped = (step: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.tuple(step, fc.option(durations)).map(([event, gap]) => ({ ...event, ...(gap && { gap }) }));
const steps = fc
  .tuple(fc.array(gapped(present), { maxLength: 3 }), gapped(fc.oneof(present, absent)))
  .map(([before, last]) => [...before, last]);
const sequence = fc.oneof(
  fc.record({ first, then: fc.oneof(absent, present), gap: durations }, { requiredKeys: ['first', 'then'] }),
  fc.record({ first, then: steps }),
);
/** JSON of a computed trait that is a measure. */
export const measuredTrait: fc.Arbitrary<object> = fc
  .record(
    {
      ...selector,
      within: window,
      measure: fc.oneof(
        fc.constantFrom<unknown>('count', 'first', 'last'),
        fc
          .tuple(
            fc.constantFrom(
              ...[
                'sum',
                'min',
                'max',
                'avg',
                'distinct',
                'mostFrequent',
                'mostFrequent',
                'firstValue',
                'lastValue',
              ],
            ),
            fc.constantFrom('spent', 'spent', 'tier', 'tier', 'vip', 'tags', 'address.city'),
          )
          .map(([of, path]) => ({ [of]: path })),
      ),
    },
    { requiredKeys: ['name', 'measure'] },
  )
  .map((event) => ({ version: 1, event }));

/** JSON of a condition on events alone. */
export const eventCondition: fc.Arbitrary<object> = fc.oneof(
  { weight: 3, arbitrary: event.map((inner) => ({ event: inner })) },
  { weight: 1, arbitrary: sequence.map((inner) => ({ sequence: inner })) },
);

const identity = fc.oneof(
  fc.record({ namespace: namespaces, op: fc.constant('exists'), value: fc.boolean() }),
  fc.record({
    namespace: namespaces,
    op: fc.constantFrom('eq', 'contains', 'startsWith'),
    value: identityTexts,
  }),
  fc.record({
    namespace: namespaces,
    op: fc.constant('in'),
    value: fc.array(identityTexts, { minLength: 1, maxLength: 3 }),
  }),
);
const lookedUp = fc.record({ name: eventNames, where: fc.tuple(lookupTest) });
const account = fc.record({ where: tests }, { requiredKeys: [] });
const calendar = fc.record(
  {
    path: fc.constantFrom('born', 'seen', 'address.city', 'none'),
    in: fc.constantFrom({ from: 0, to: 0 }, { from: 1, to: 7 }, { from: 0, to: 30 }, { from: 200, to: 366 }),
    zone: fc.constantFrom<unknown>('Asia/Tokyo', 'Pacific/Niue', { trait: 'zone' }, { trait: 'tier' }),
  },
  { requiredKeys: ['path', 'in'] },
);
const sample = fc.record(
  { percent: fc.constantFrom(0.01, 12.5, 50, 99.99, 100), salt: fc.constantFrom('spring', "o'é") },
  { requiredKeys: ['percent'] },
);
const consent = fc.record(
  {
    channel: fc.constantFrom('email', 'sms', 'push'),
    topic: fc.constantFrom('news', "o'clock", '*'),
    is: fc.constantFrom('granted', 'denied', 'unknown'),
  },
  { requiredKeys: ['channel', 'is'] },
);

/** JSON of a condition on one person, of any nesting. */
const personCondition: fc.Arbitrary<object> = nested();
/** The conditions on members are small, or nearly everybody would know somebody. */
const accountMember = fc.record(
  {
    where: fc.oneof(
      { weight: 3, arbitrary: personCondition },
      { weight: 1, arbitrary: eventCondition },
      { weight: 1, arbitrary: test.map((trait) => ({ trait })) },
    ),
    account: tests,
    others: fc.boolean(),
  },
  { requiredKeys: ['where'] },
);
export const memberCondition: fc.Arbitrary<object> = accountMember.map((inner) => ({ accountMember: inner }));
/** JSON of a condition, of any nesting. */
export const arbitraryCondition: fc.Arbitrary<object> = nested(memberCondition);

function nested(...more: fc.Arbitrary<object>[]): fc.Arbitrary<object> {
  return fc.letrec<{ condition: object }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      event.map((inner) => ({ event: inner })),
      sequence.map((inner) => ({ sequence: inner })),
      fc
        .oneof({ weight: 3, arbitrary: test }, { weight: 1, arbitrary: lookupTest })
        .map((trait) => ({ trait })),
      consent.map((inner) => ({ consent: inner })),
      identity.map((inner) => ({ identity: inner })),
      account.map((inner) => ({ account: inner })),
      lookedUp.map((inner) => ({ event: inner })),
      fc.constant({ imported: true }),
      calendar.map((inner) => ({ calendar: inner })),
      sample.map((inner) => ({ sample: inner })),
      ...more,
      fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
      fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
      tie('condition').map((not) => ({ not })),
    ),
  })).condition;
}
