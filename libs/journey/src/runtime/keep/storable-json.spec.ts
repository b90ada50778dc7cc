import { storableJson } from './storable-json';

describe('storableJson', () => {
  it('replaces what PostgreSQL does not take, in values and names', () => {
    const value = { 'a\u0000': ['x\u0000y', { b: '\ud800!' }], n: 1, none: null };
    expect(JSON.parse(storableJson(value))).toEqual({
      'a\uFFFD': ['x\uFFFDy', { b: '\uFFFD!' }],
      n: 1,
      none: null,
    });
  });

  it('leaves everything else as it is', () => {
    const value = { pair: '🎉', quoted: '\\u0000 and \\ud800', é: [true, 0.5] };
    expect(JSON.parse(storableJson(value))).toEqual(value);
  });
});
