import { isId, newId } from './id';

describe('newId', () => {
  it('makes UUIDv7s that sort in the order they were made', () => {
    const ids = Array.from({ length: 20_000 }, newId);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => isId(id) && id[14] === '7')).toBe(true);
  });

  it('carries the time it was made', () => {
    const before = Date.now();
    const stamp = parseInt(newId().replace(/-/g, '').slice(0, 12), 16);
    expect(Math.abs(stamp - before)).toBeLessThan(1000);
  });
});

describe('isId', () => {
  it.each([
    undefined,
    1,
    '',
    'x',
    '0198F0C0-0000-7000-8000-000000000000',
    '0198f0c0-0000-7000-8000-00000000000',
  ])('refuses %p', (value) => expect(isId(value)).toBe(false));
});
