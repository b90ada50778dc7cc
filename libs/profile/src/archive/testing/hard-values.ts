/** For specs: what JSON can say that a store may get wrong. */
export const HARD = {
  money: 0.1,
  tiny: 0.000000001,
  large: 9_007_199_254_740_991,
  decimal: 4_503_599_627_370_495.5,
  negative: -0.000001,
  nothing: null,
  text: 'é\u{1F600}\uFFFD\u2028"\\\t',
  'dotted.key': { inner: [1, '1', true, null, { deep: [] }] },
  dotted: { key: 'nested' },
  empty: {},
  list: [],
  yes: false,
};
