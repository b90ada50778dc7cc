import fc from 'fast-check';
import type { Subject } from './reference-evaluator';

/** Definitions and persons drawn from few names and values, so that they meet often. */
export const NOW = new Date('2026-06-15T12:00:00.000Z');
const DAY = 86_400_000;

const numbers = fc.constantFrom(0, 1, -1, 0.1, 0.2, 0.3, 19.99, 150, 150.000000001, 1e15, -2.5);
const texts = fc.constantFrom(
  '',
  'a',
  'A',
  'gold',
  'Gold',
  "it's \\ \t\n{p0:String}",
  'é',
  '😀',
  '\uFFFD',
  'go',
  '["a"]',
);
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
const scalars = fc.oneof(numbers, texts, dates, fc.boolean(), fc.constant(null));
const bag = fc.record(
  {
    tier: scalars,
    spent: numbers,
    seen: dates,
    vip: fc.boolean(),
    tags: fc.constantFrom([], ['a'], ['gold', 'a']),
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

const subject: fc.Arbitrary<Subject> = fc.record({
  traits: bag,
  consent: fc.dictionary(
    fc.constantFrom('email', 'sms'),
    fc.dictionary(fc.constantFrom('*', 'news', "o'clock"), state),
  ),
  events: fc.array(fc.record({ name: eventNames, at: instants, properties: bag }), { maxLength: 6 }),
});

export const arbitrarySubjects = fc.array(subject, { minLength: 1, maxLength: 12 });

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
  fc.record({ path: paths, op: fc.constant('exists'), value: fc.boolean() }),
);
const window = fc.oneof(
  durations.map((last) => ({ last })),
  fc.constantFrom(
    { from: { ago: '30d' }, to: { ago: '7d' } },
    { from: '2026-06-08T12:00:00Z' },
    { to: '2026-05-16T12:00:00.000Z' },
    { to: { ago: '90d' } },
  ),
);
const where = fc.array(test, { minLength: 1, maxLength: 2 });
const selector = { name: eventNames, where };
const numeric = fc.oneof(
  fc.constant('count' as unknown),
  fc
    .tuple(fc.constantFrom('sum', 'min', 'max', 'avg'), fc.constantFrom('spent', 'tier'))
    .map(([of, path]) => ({ [of]: path })),
);
const few = fc.constantFrom(0, 1, 2, 3, { decimal: '1.5' });
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
  fc.record({ ...selector, firstWithin: window }, { requiredKeys: ['name', 'firstWithin'] }),
);
const second = fc.record(selector, { requiredKeys: ['name'] });
const sequence = fc.record(
  {
    first: fc.record({ ...selector, within: window }, { requiredKeys: ['name'] }),
    then: fc.oneof(
      second.map((absent) => ({ absent })),
      second.map((present) => ({ present })),
    ),
    gap: durations,
  },
  { requiredKeys: ['first', 'then'] },
);
const consent = fc.record(
  {
    channel: fc.constantFrom('email', 'sms', 'push'),
    topic: fc.constantFrom('news', "o'clock", '*'),
    is: fc.constantFrom('granted', 'denied', 'unknown'),
  },
  { requiredKeys: ['channel', 'is'] },
);

/** JSON of a condition, of any nesting. */
export const arbitraryCondition: fc.Arbitrary<object> = fc.letrec<{ condition: object }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    event.map((inner) => ({ event: inner })),
    sequence.map((inner) => ({ sequence: inner })),
    test.map((trait) => ({ trait })),
    consent.map((inner) => ({ consent: inner })),
    fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
    fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
    tie('condition').map((not) => ({ not })),
  ),
})).condition;
