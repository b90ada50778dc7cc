import fc from 'fast-check';
import { DECIMAL_SCALE, toDecimal } from './decimal';

describe('toDecimal', () => {
  it.each<[number | string, string | undefined]>([
    [19.99, '19.99'],
    [0.1 + 0.2, '0.3'],
    ['1234567890123456789.123456789', '1234567890123456789.123456789'],
    ['0.0000000005', '0.000000001'],
    ['-0.0000000005', '-0.000000001'],
    ['0.0000000004', '0'],
    [-0, '0'],
    ['1e3', '1000'],
    [1e21, '1000000000000000000000'],
    ['1.50', '1.5'],
    [' 7 ', '7'],
    ['1e30', undefined],
    ['1e-999999', '0'],
    ['99999999999999999999999999999', '99999999999999999999999999999'],
    ['100000000000000000000000000000', undefined],
    [NaN, undefined],
    [Infinity, undefined],
    ['', undefined],
    ['1,5', undefined],
    ['0x10', undefined],
  ])('%p is %p', (value, expected) => expect(toDecimal(value)).toBe(expected));

  it('keeps every number of nine places exactly', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 37n), 10n ** 37n), (units) => {
        const text = units
          .toString()
          .replace('-', '')
          .padStart(DECIMAL_SCALE + 1, '0');
        const written = `${units < 0n ? '-' : ''}${text.slice(0, -DECIMAL_SCALE)}.${text.slice(-DECIMAL_SCALE)}`;
        const [whole = '', fraction = ''] = (toDecimal(written) ?? '').split('.');
        expect(BigInt(whole.replace('-', '') + fraction.padEnd(DECIMAL_SCALE, '0'))).toBe(
          units < 0n ? -units : units,
        );
      }),
    );
  });
});
