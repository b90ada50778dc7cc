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

/** A list's elements as `flatten` has them. */
export function elementsOf(list: readonly unknown[]): string[] {
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
  // One path has one value: of keys that have dots themselves and meet a nested one, the later counts.
  const values = new Map<string, FlatLeaf>();
  const visit = (node: Record<string, unknown>, prefix: string, depth: number): void => {
    for (const [key, inner] of Object.entries(node)) {
      const path = prefix + key;
      if (typeof inner === 'string') values.set(path, { kind: 'strings', value: inner });
      else if (typeof inner === 'boolean') values.set(path, { kind: 'booleans', value: inner });
      else if (typeof inner === 'number') {
        const decimal = toDecimal(inner);
        if (decimal !== undefined) values.set(path, { kind: 'numbers', value: decimal });
      } else if (Array.isArray(inner)) {
        values.set(path, { kind: 'strings', value: JSON.stringify(inner), elements: elementsOf(inner) });
      } else if (inner !== null && typeof inner === 'object') {
        if (depth === MAX_DEPTH) values.set(path, { kind: 'strings', value: JSON.stringify(inner) });
        else visit(inner as Record<string, unknown>, `${path}.`, depth + 1);
      }
    }
  };
  visit(value, '', 1);
  return byKind(values);
}

/** Of these on, numbers have more digits than Decimal(38, 9). */
const TOO_LARGE = 1e29;

/** What `flatten` finds at a path, without looking at the rest: numbers as they are, a list as itself. */
export function valueAt(
  value: Record<string, unknown>,
  path: string,
): string | number | boolean | readonly unknown[] | undefined {
  // A path without dots is one key of the outermost object.
  return path.includes('.') ? valueBelow(value, path, 1) : leafOf(value[path], 1);
}

function valueBelow(node: Record<string, unknown>, path: string, depth: number): ReturnType<typeof leafOf> {
  let found: ReturnType<typeof leafOf>;
  // Keys have dots themselves: of several ways that lead to the path, the later counts.
  for (const key of Object.keys(node)) {
    if (!path.startsWith(key)) continue;
    const inner = node[key];
    if (key.length === path.length) found = leafOf(inner, depth) ?? found;
    else if (path[key.length] === '.' && depth < MAX_DEPTH && isObject(inner))
      found = valueBelow(inner, path.slice(key.length + 1), depth + 1) ?? found;
  }
  return found;
}

function leafOf(value: unknown, depth: number): string | number | boolean | readonly unknown[] | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Math.abs(value) < TOO_LARGE ? value : undefined;
  if (Array.isArray(value)) return value;
  return depth === MAX_DEPTH && isObject(value) ? JSON.stringify(value) : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

interface FlatLeaf {
  kind: 'numbers' | 'strings' | 'booleans';
  value: string | boolean;
  /** Of a list. */
  elements?: string[];
}

function byKind(values: ReadonlyMap<string, FlatLeaf>): FlatValues {
  const entries = {
    numbers: [] as [string, string][],
    strings: [] as [string, string][],
    booleans: [] as [string, boolean][],
    lists: [] as [string, string[]][],
  };
  for (const [path, { kind, value, elements }] of values) {
    (entries[kind] as [string, string | boolean][]).push([path, value]);
    if (elements) entries.lists.push([path, elements]);
  }
  return {
    numbers: Object.fromEntries(entries.numbers),
    strings: Object.fromEntries(entries.strings),
    booleans: Object.fromEntries(entries.booleans),
    lists: Object.fromEntries(entries.lists),
  };
}
