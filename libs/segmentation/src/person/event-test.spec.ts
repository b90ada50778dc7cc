import { parseDefinition } from '../definition/parse-definition';
import { type EventTest, eventTest } from './event-test';

const NOW = Date.parse('2026-06-15T12:00:00Z');

const testOf = (event: object): EventTest => {
  const parsed = parseDefinition({ version: 1, where: { event } });
  if (!parsed.ok || parsed.definition.where.kind !== 'event') throw new TypeError('no event');
  return eventTest(parsed.definition.where.events);
};

describe('eventTest', () => {
  const large = testOf({
    name: 'Order Completed',
    where: [
      { path: 'total', op: 'gte', value: { decimal: '0.30' } },
      { path: 'tags', op: 'includes', value: 'gift' },
    ],
  });

  it('asks for the name and every test', () => {
    const properties = { total: 0.3, tags: ['gift', 'red'] };
    expect(large({ name: 'Order Completed', properties }, NOW)).toBe(true);
    expect(large({ name: 'Order Refunded', properties }, NOW)).toBe(false);
    expect(large({ name: 'Order Completed', properties: { ...properties, total: 0.29 } }, NOW)).toBe(false);
    expect(large({ name: 'Order Completed', properties: { total: 1 } }, NOW)).toBe(false);
  });

  it('keeps nothing of the event before', () => {
    const tagged = { name: 'Order Completed', properties: { total: 1, tags: ['gift'] } };
    expect(large(tagged, NOW)).toBe(true);
    expect(large({ ...tagged, properties: { total: 1, tags: 'gift' } }, NOW)).toBe(false);
    expect(large(tagged, NOW)).toBe(true);
  });

  it('compares with dates that move', () => {
    const recent = testOf({
      name: 'Booked',
      where: [{ path: 'starts', op: 'gt', value: { ahead: '2d' } }],
    });
    const booked = { name: 'Booked', properties: { starts: '2026-06-18' } };
    expect(recent(booked, NOW)).toBe(true);
    expect(recent(booked, NOW + 86_400_000)).toBe(false);
  });

  it('refuses what only a lookup could answer', () => {
    expect(() =>
      testOf({
        name: 'Viewed',
        where: [{ path: 'sku', lookup: 'product', field: 'color', op: 'eq', value: 1 }],
      }),
    ).toThrow('lookup product');
  });
});
