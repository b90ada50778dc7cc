import { toDecimal } from '@percorso/kernel';

/** A JSON object as ClickHouse columns: leaves by type, nested keys joined by dots. Numbers are decimal text. */
export interface FlatValues {
  numbers: Record<string, string>;
  strings: Record<string, string>;
  booleans: Record<string, boolean>;
  /** Elements of lists; what is neither text, number nor boolean is left out. */
  lists: Record<string, string[]>;
}

/** The type of a list's element, written before it: the text "1" is s1, the number n1. */
export const ELEMENT = { text: 's', number: 'n', boolean: 'b' } as const;

function elementsOf(list: readonly unknown[]): string[] {
  return list.flatMap((item) => {
    if (typeof item === 'string') return [ELEMENT.text + item];
    if (typeof item === 'boolean') return [ELEMENT.boolean + String(item)];
    const decimal = typeof item === 'number' ? toDecimal(item) : undefined;
    return decimal === undefined ? [] : [ELEMENT.number + decimal];
  });
}

const MAX_DEPTH = 16;

/**
 * Leaves of `value` by type. null and numbers outside Decimal(38, 9) are left out; a list is kept whole, as JSON
 * text among the strings, and its elements among the lists.
 */
export function flatten(value: Record<string, unknown>): FlatValues {
  const numbers = new Map<string, string>();
  const strings = new Map<string, string>();
  const booleans = new Map<string, boolean>();
  const lists = new Map<string, string[]>();
  const visit = (node: Record<string, unknown>, prefix: string, depth: number): void => {
    for (const [key, inner] of Object.entries(node)) {
      const path = prefix + key;
      if (typeof inner === 'string') strings.set(path, inner);
      else if (typeof inner === 'boolean') booleans.set(path, inner);
      else if (typeof inner === 'number') {
        const decimal = toDecimal(inner);
        if (decimal !== undefined) numbers.set(path, decimal);
      } else if (inner !== null && typeof inner === 'object') {
        if (Array.isArray(inner)) lists.set(path, elementsOf(inner));
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
    lists: Object.fromEntries(lists),
  };
}
