import { type List, append, isSequence, sequence } from './sequences';
import { bail, spend } from './signals';
import { isNumber, truth } from './values';

const { isArray } = Array;

type Test = (item: unknown) => unknown;

/** `[index]`, a whole number; one item stands for the sequence of it, and nothing found is a list of nothing. */
export function at(value: unknown, index: number): unknown {
  const found = isArray(value)
    ? (value[index < 0 ? value.length + index : index] as unknown)
    : index === 0 || index === -1
      ? value
      : undefined;
  return found === undefined ? sequence() : found;
}

/** `[test]` where the test is true or false. */
export function where(value: unknown, test: Test): unknown {
  if (!isArray(value)) {
    if (!test(value)) return sequence();
    return value === undefined ? sequence([undefined]) : value;
  }
  const found: unknown[] = [];
  for (let index = 0; index < value.length; index++) {
    spend(1);
    if (test(value[index])) found.push(value[index]);
  }
  return sequence(found);
}

/** `[test]` where the test may also give places in the list. */
export function filter(value: unknown, test: Test): List {
  const list: unknown[] = isArray(value) ? value : [value];
  const found: unknown[] = [];
  for (const [index, item] of list.entries()) {
    spend(1);
    const result = test(item);
    const places = isNumber(result) ? [result] : result;
    if (isArray(places) && places.every(isNumber)) {
      for (const place of places) {
        const whole = Math.floor(place);
        if ((whole < 0 ? list.length + whole : whole) === index) found.push(item);
      }
    } else if (truth(places)) found.push(item);
  }
  return sequence(found);
}

type Pair = [key: (item: unknown) => unknown, value: (items: unknown) => unknown];

const RESERVED = new Set<unknown>(['_jsonata_lambda', '_jsonata_function']);

/** `{key: value}` over a list: items by key, then a value of each group. */
export function group(value: unknown, pairs: readonly Pair[]): Record<string, unknown> {
  // Stock code would write into the list.
  if (isArray(value) && value.length === 0 && !isSequence(value)) bail();
  const items: unknown[] = isArray(value) && value.length > 0 ? value : [isArray(value) ? undefined : value];
  const groups = new Map<string, { data: unknown; pair: number }>();
  for (const item of items) {
    for (const [index, [keyOf]] of pairs.entries()) {
      spend(1);
      const key = keyOf(item);
      if (key === undefined) continue;
      if (typeof key !== 'string' || RESERVED.has(key)) bail();
      const known = groups.get(key);
      if (!known) groups.set(key, { data: item, pair: index });
      else if (known.pair !== index) bail();
      else known.data = append(known.data, item);
    }
  }
  const result: Record<string, unknown> = {};
  // In the order of the object that stock code keeps groups in: whole numbers first.
  const order = Object.keys(Object.fromEntries([...groups.keys()].map((key) => [key, 0])));
  for (const key of order) {
    const { data, pair } = groups.get(key)!;
    const inner = pairs[pair]![1](data);
    if (inner !== undefined) put(result, key, inner);
  }
  return result;
}

/** Sets a property of the object itself, `__proto__` too. */
export function put(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Merges sorted halves; `later(a, b)` says that `a` comes after `b`. */
export function mergeSort(list: readonly unknown[], later: (a: unknown, b: unknown) => unknown): unknown[] {
  if (list.length <= 1) return [...list];
  const middle = Math.floor(list.length / 2);
  const left = mergeSort(list.slice(0, middle), later);
  const right = mergeSort(list.slice(middle), later);
  const merged: unknown[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    spend(1);
    merged.push(later(left[l], right[r]) ? right[r++] : left[l++]);
  }
  while (l < left.length) merged.push(left[l++]);
  while (r < right.length) merged.push(right[r++]);
  return merged;
}

/** `^(term, …)`: by the values of the terms, missing ones last. */
export function sorted(
  value: unknown,
  terms: readonly (readonly [(item: unknown) => unknown, descending: boolean])[],
): unknown {
  if (!isArray(value)) return value;
  if (value.length <= 1) return sequence([...value]);
  const keyed = value.map((item: unknown) => ({ item, keys: terms.map(([keyOf]) => keyOf(item)) }));
  const later = (a: unknown, b: unknown): boolean => {
    const one = a as (typeof keyed)[number];
    const other = b as (typeof keyed)[number];
    for (const [index, [, descending]] of terms.entries()) {
      const order = ordered(one.keys[index], other.keys[index], descending);
      if (order !== 0) return order > 0;
    }
    return false;
  };
  return mergeSort(keyed, later).map((one) => (one as (typeof keyed)[number]).item);
}

function ordered(one: unknown, other: unknown, descending: boolean): number {
  if (one === undefined) return other === undefined ? 0 : 1;
  if (other === undefined) return -1;
  const type = typeof one;
  if ((type !== 'string' && type !== 'number') || type !== typeof other) bail();
  if (one === other) return 0;
  return (one as string) < (other as string) === descending ? 1 : -1;
}
