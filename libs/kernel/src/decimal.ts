/** Numbers that are their own decimal text already; in JavaScript's notation there is neither padding nor a minus zero. */
const SHORT = /^-?\d{1,29}(\.\d{1,9})?$/;
const PLAIN = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Digits after the point that every stored number keeps: Decimal(38, 9) in ClickHouse, numeric(38, 9) in PostgreSQL. */
export const DECIMAL_SCALE = 9;
const MAX_INTEGER_DIGITS = 38 - DECIMAL_SCALE;

/**
 * The decimal text of a JSON number or numeric string, rounded half away from zero to nine places; undefined when it
 * is not a number or has more than 29 integer digits. Text in, text out: a sum of these never passes through a float.
 */
export function toDecimal(value: number | string): string | undefined {
  const given = typeof value === 'number' ? String(value) : value.trim();
  if (typeof value === 'number' && SHORT.test(given)) return given;
  const match = PLAIN.exec(given);
  if (!match) return undefined;
  const [, sign, integer, fraction = '', exponent = '0'] = match;
  const shift = Number(exponent);
  if (Math.abs(shift) > 400) return shift < 0 ? '0' : undefined;
  const digits = `${integer}${fraction}`;
  const places = fraction.length - shift;
  let units = BigInt(digits);
  if (places > DECIMAL_SCALE) {
    const divisor = 10n ** BigInt(places - DECIMAL_SCALE);
    units = (units + divisor / 2n) / divisor;
  } else {
    units *= 10n ** BigInt(DECIMAL_SCALE - places);
  }
  const text = units.toString().padStart(DECIMAL_SCALE + 1, '0');
  const whole = text.slice(0, -DECIMAL_SCALE);
  if (whole.length > MAX_INTEGER_DIGITS) return undefined;
  const rest = text.slice(-DECIMAL_SCALE).replace(/0+$/, '');
  const plain = rest ? `${whole}.${rest}` : whole;
  return sign && units !== 0n ? `-${plain}` : plain;
}
