import type { NativeValue } from './native';
import { sequence } from './sequences';
import { mergeSort, put } from './selecting';
import { bail, spend } from './signals';
import { truth } from './values';

// The functions that call functions. Those that are given nothing answer nothing.

type Callback = (...values: unknown[]) => unknown;
type Fields = Record<string, unknown>;

/** What to call for each item. A function of the expression ignores what it does not take; others know how much they take. */
function callback(given: unknown): Callback {
  if (typeof given !== 'function') return bail();
  const { arity } = given as NativeValue;
  if (arity === undefined || arity >= 3) return given as Callback;
  return arity === 2 ? (a, b) => (given as Callback)(a, b) : (a) => (given as Callback)(a);
}

const plain = (given: unknown): Callback => (typeof given === 'function' ? (given as Callback) : bail());

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** An object, or none where it is missing. */
function fieldsOf(value: unknown): Fields {
  if (value === undefined) return {};
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : bail();
}

export function map(value: unknown, given: unknown): unknown {
  const call = callback(given);
  if (value === undefined) return undefined;
  const list = listOf(value);
  const found: unknown[] = [];
  for (let index = 0; index < list.length; index++) {
    spend(1);
    const result = call(list[index], index, list);
    if (result !== undefined) found.push(result);
  }
  return sequence(found);
}

export function keep(value: unknown, given: unknown): unknown {
  const call = callback(given);
  if (value === undefined) return undefined;
  const list = listOf(value);
  const found: unknown[] = [];
  for (let index = 0; index < list.length; index++) {
    spend(1);
    if (truth(call(list[index], index, list))) found.push(list[index]);
  }
  return sequence(found);
}

export function single(value: unknown, ...given: unknown[]): unknown {
  const call = given.length === 0 ? () => true : callback(given[0]);
  if (value === undefined) return undefined;
  const list = listOf(value);
  const found = list.filter((item, index) => {
    spend(1);
    return truth(call(item, index, list));
  });
  return found.length === 1 ? found[0] : bail();
}

export function reduce(value: unknown, given: unknown, initial?: unknown): unknown {
  if (typeof given !== 'function') return bail();
  const arity = (given as NativeValue).arity ?? given.length;
  // A function is no value to begin with.
  if (typeof initial === 'function') bail();
  if (value === undefined) return undefined;
  if (arity < 2) bail();
  const list = listOf(value);
  const begun = initial === undefined && list.length > 0;
  let result = begun ? list[0] : initial;
  for (let index = begun ? 1 : 0; index < list.length; index++) {
    spend(1);
    result = (given as Callback)(...[result, list[index], index, list].slice(0, Math.max(2, arity)));
  }
  return result;
}

export function each(value: unknown, given: unknown): unknown {
  const call = callback(given);
  const found: unknown[] = [];
  for (const [name, inner] of Object.entries(fieldsOf(value))) {
    spend(1);
    const result = call(inner, name, value);
    if (result !== undefined) found.push(result);
  }
  return sequence(found);
}

export function sift(value: unknown, given: unknown): unknown {
  const call = callback(given);
  const found: Fields = {};
  for (const [name, inner] of Object.entries(fieldsOf(value))) {
    spend(1);
    if (truth(call(inner, name, value))) put(found, name, inner);
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

const isAll = (list: readonly unknown[], type: string): boolean => list.every((item) => typeof item === type);

export function sort(value: unknown, ...given: unknown[]): unknown {
  const later = given.length === 0 ? undefined : plain(given[0]);
  if (value === undefined) return undefined;
  const list = listOf(value);
  if (list.length <= 1) return list;
  if (later) return mergeSort(list, later);
  if (!(isAll(list, 'string') || (isAll(list, 'number') && list.every(Number.isFinite)))) bail();
  return mergeSort(list, (a, b) => (a as number) > (b as number));
}

/** `$sort(list, function)` as the last thing a function does: there stock code calls what it cannot. */
export function sortAtEnd(value: unknown): unknown {
  if (value === undefined) return undefined;
  const list = listOf(value);
  return list.length <= 1 ? list : bail();
}
