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
  // One path has one value: of keys that have dots themselves and meet a nested one, the later counts.
  const values = new Map<string, { kind: keyof FlatValues; value: string | boolean }>();
  const visit = (node: Record<string, unknown>, prefix: string, depth: number): void => {
    for (const [key, inner] of Object.entries(node)) {
      const path = prefix + key;
      if (typeof inner === 'string') values.set(path, { kind: 'strings', value: inner });
      else if (typeof inner === 'boolean') values.set(path, { kind: 'booleans', value: inner });
      else if (typeof inner === 'number') {
        const decimal = toDecimal(inner);
        if (decimal !== undefined) values.set(path, { kind: 'numbers', value: decimal });
      } else if (inner !== null && typeof inner === 'object') {
        if (Array.isArray(inner) || depth === MAX_DEPTH) {
          values.set(path, { kind: 'strings', value: JSON.stringify(inner) });
        } else visit(inner as Record<string, unknown>, `${path}.`, depth + 1);
      }
    }
  };
  visit(value, '', 1);
  const entries: { [K in keyof FlatValues]: [string, FlatValues[K][string]][] } = {
    numbers: [],
    strings: [],
    booleans: [],
  };
  for (const [path, at] of values) entries[at.kind].push([path, at.value] as never);
  return {
    numbers: Object.fromEntries(entries.numbers),
    strings: Object.fromEntries(entries.strings),
    booleans: Object.fromEntries(entries.booleans),
  };
}
