import { toDecimal } from '@percorso/kernel';

/** A JSON object as ClickHouse columns: leaves by type, nested keys joined by dots. Numbers are decimal text. */
export interface FlatValues {
  numbers: Record<string, string>;
  strings: Record<string, string>;
  booleans: Record<string, boolean>;
}

const MAX_DEPTH = 16;

/**
 * Leaves of `value` by type. null and numbers outside Decimal(38, 9) are left out; an array is kept whole, as JSON
 * text among the strings.
 */
export function flatten(value: Record<string, unknown>): FlatValues {
  const numbers = new Map<string, string>();
  const strings = new Map<string, string>();
  const booleans = new Map<string, boolean>();
  const visit = (node: Record<string, unknown>, prefix: string, depth: number): void => {
    for (const [key, inner] of Object.entries(node)) {
      const path = prefix + key;
      if (typeof inner === 'string') strings.set(path, inner);
      else if (typeof inner === 'boolean') booleans.set(path, inner);
      else if (typeof inner === 'number') {
        const decimal = toDecimal(inner);
        if (decimal !== undefined) numbers.set(path, decimal);
      } else if (inner !== null && typeof inner === 'object') {
        if (Array.isArray(inner) || depth === MAX_DEPTH) strings.set(path, JSON.stringify(inner));
        else visit(inner as Record<string, unknown>, `${path}.`, depth + 1);
      }
    }
  };
  visit(value, '', 1);
  return {
    numbers: Object.fromEntries(numbers),
    strings: Object.fromEntries(strings),
    booleans: Object.fromEntries(booleans),
  };
}
