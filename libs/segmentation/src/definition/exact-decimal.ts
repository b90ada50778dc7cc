import { DECIMAL_SCALE, toDecimal } from '@percorso/kernel';

/** Decimal text when `value` fits 29 integer and 9 fraction digits without rounding; undefined otherwise. */
export function exactDecimal(value: number | string): string | undefined {
  const text = String(value);
  const decimal = toDecimal(text);
  if (decimal === undefined) return undefined;
  const [, fraction = '', exponent = '0'] = /^-?\d+(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const [, integer = ''] = /^-?(\d+)/.exec(text) ?? [];
  const digits = `${integer}${fraction}`;
  if (/^0*$/.test(digits)) return decimal;
  const trailingZeros = /0*$/.exec(digits)?.[0].length ?? 0;
  return fraction.length - Number(exponent) - trailingZeros <= DECIMAL_SCALE ? decimal : undefined;
}

/** -1, 0 or 1. */
export function signOf(decimal: string): number {
  if (/^-?0*(?:\.0*)?$/.test(decimal)) return 0;
  return decimal.startsWith('-') ? -1 : 1;
}
