import fc from 'fast-check';

// Customers with orders, of whom any part may be missing, single, of another type, or there twice.

const WORDS = [
  'new',
  'paid',
  'Paid',
  '',
  ' Ada  Byron ',
  'ada@example.test',
  'a;b, c',
  'A-12',
  'é😀',
  '007',
  '12.50',
];
const DATES = [
  '2026-01-02T03:04:05Z',
  '2026-11-30',
  '2024-02-29T23:59:59.999+02:00',
  '31/12/2025',
  '2025',
  'soon',
];
const word = fc.constantFrom(...WORDS);
const amount = fc.constantFrom(0, 1, 2, 3, 10, 12.5, -1, 0.005, 1234567.891, 1e15, 99.995);
const odd = fc.constantFrom<unknown>(null, true, [], {}, '10', 'x', [1], [[1, 2], 3]);

/** Nearly always `usual`, now and then something else, or nothing. */
const mostly = (usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 12, arbitrary: usual },
    { weight: 1, arbitrary: odd },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
/** A list, or what a careless writer makes of a list of one. */
const some = (one: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: fc.array(one, { maxLength: 4 }) }, { weight: 2, arbitrary: one });

const item = fc.record({
  sku: mostly(fc.constantFrom('a', 'b', 'c', 'A-12')),
  qty: mostly(fc.constantFrom(1, 2, 3)),
  price: mostly(amount),
  tags: mostly(some(fc.constantFrom('red', 'blue', 'x'))),
});
const order = fc.record({
  id: mostly(fc.constantFrom('o1', 'o2', 'o3')),
  status: mostly(fc.constantFrom('new', 'paid', 'sent')),
  total: mostly(amount),
  at: mostly(fc.constantFrom(...DATES)),
  items: mostly(some(item)),
});

/** JSON text of one. */
export const arbitraryCustomer: fc.Arbitrary<string> = fc
  .record({
    name: mostly(word),
    email: mostly(fc.constantFrom('ada@example.test', 'Ben.B+1@Example.org', 'nobody')),
    born: mostly(fc.constantFrom(...DATES)),
    seen: mostly(fc.constantFrom(1767323045000, 0, -1, 951782400000, 1.5)),
    limit: mostly(amount),
    main: mostly(fc.constantFrom('a', 'b')),
    orders: mostly(some(order)),
  })
  .map((customer) => JSON.stringify(customer));
