import { bail, MAX_SEQUENCE, spend } from './signals';

/**
 * JSONata's lists are arrays with marks: a `sequence` of one stands for its item, unless `keepSingleton`; an array
 * written as the last step of a path (`cons`) is not flattened.
 */
export type List = unknown[] & { sequence?: boolean; keepSingleton?: boolean; cons?: boolean };

const { isArray } = Array;
const { hasOwn } = Object;

export function sequence(items: unknown[] = []): List {
  if (items.length > MAX_SEQUENCE) bail();
  (items as List).sequence = true;
  return items as List;
}

export const isSequence = (value: unknown): value is List =>
  isArray(value) && (value as List).sequence === true;

/** What an expression yields of a value: nothing for an empty sequence, the item of one. */
export function norm(value: unknown): unknown {
  if (!isSequence(value)) return value;
  if (value.length === 0) return undefined;
  return value.length === 1 && value.keepSingleton !== true ? value[0] : value;
}

/** The same under `[]`: a sequence of one stays a list. */
export function kept(value: unknown): unknown {
  if (!isSequence(value)) return value;
  if (value.length === 0) return undefined;
  value.keepSingleton = true;
  return value;
}

/** `name` of a value; of all its items where it is a list. */
export function lookup(value: unknown, name: string): unknown {
  if (isArray(value)) {
    const found: unknown[] = [];
    for (const item of value) {
      const inner = lookup(item, name);
      if (isArray(inner)) for (const one of inner) found.push(one);
      else if (inner !== undefined) found.push(inner);
    }
    spend(value.length);
    return sequence(found);
  }
  return own(value, name);
}

/** `name` of an object that holds it itself, whatever its prototype has. */
export function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

export const nameOf = (value: unknown, name: string): unknown => norm(lookup(value, name));

type Step = (item: unknown) => unknown;

/** The results of a step as they come, gathered at once. */
class Gathering {
  private readonly flat: unknown[] = [];
  private count = 0;
  private first: unknown;

  add(result: unknown): void {
    if (result === undefined) return;
    if (this.count++ === 0) this.first = result;
    if (isArray(result) && !(result as List).cons) for (const one of result) this.flat.push(one);
    else this.flat.push(result);
  }

  list(last: boolean): List {
    const { first } = this;
    return last && this.count === 1 && isArray(first) && !isSequence(first) ? first : sequence(this.flat);
  }
}

function steps(list: readonly unknown[], step: Step): Gathering {
  const found = new Gathering();
  for (let index = 0; index < list.length; index++) {
    spend(1);
    found.add(step(list[index]));
  }
  return found;
}

function names(list: readonly unknown[], name: string): Gathering {
  const found = new Gathering();
  const everywhere = name in Object.prototype;
  spend(list.length);
  for (let index = 0; index < list.length; index++) {
    const item = list[index];
    if (typeof item !== 'object' || item === null) continue;
    if (isArray(item) || everywhere) found.add(nameOf(item, name));
    else found.add((item as Record<string, unknown>)[name]);
  }
  return found;
}

// Between steps a single item stands for the sequence of it; an array always is the sequence of its items.

export const stepMany = (list: readonly unknown[], step: Step): List => steps(list, step).list(false);
export const rawMany = (list: readonly unknown[], step: Step): List => steps(list, step).list(true);
export const step = (list: readonly unknown[], name: string): List => names(list, name).list(false);
export const rawNames = (list: readonly unknown[], name: string): List => names(list, name).list(true);
export const last = (list: readonly unknown[], name: string): unknown => norm(rawNames(list, name));

/** The one result of a step that others follow. */
export const flow = (result: unknown): unknown =>
  isArray(result) && (result as List).cons ? sequence([result]) : result;

/** The one result of a path's last step. */
export function spill(result: unknown): unknown {
  if (!isSequence(result)) return result;
  return result.length > 1 ? result : result[0];
}

/** The one result of a path's last step, still a list. */
export const rawOne = (result: unknown): List | undefined =>
  result === undefined ? undefined : gathered(result);

function gathered(result: unknown): List {
  const found = new Gathering();
  found.add(result);
  return found.list(true);
}

/** The same of a step that gives what it was given in another order. */
export const listed = (result: unknown): unknown =>
  result === undefined || isArray(result) ? result : sequence([result]);

/** The end of a path with `[]` in it. */
export function keepPath(result: List | undefined): unknown {
  if (result === undefined) return undefined;
  return kept(result.cons && !result.sequence ? sequence([result]) : result);
}

/** Marks an array that is not flattened. */
export function cons(list: List): List {
  list.cons = true;
  return list;
}

/** Adds the items of a list written out. */
export function extend(list: unknown[], value: unknown): void {
  if (isArray(value)) {
    spend(value.length);
    for (const item of value) list.push(item);
    if (list.length > MAX_SEQUENCE) bail();
  } else if (value !== undefined) list.push(value);
}

export function append(one: unknown, other: unknown): unknown {
  if (one === undefined) return other;
  if (other === undefined) return one;
  const first = isArray(one) ? one : [one];
  const second = isArray(other) ? other : [other];
  const length = first.length + second.length;
  if (length > MAX_SEQUENCE) bail();
  spend(length);
  return first.concat(second);
}

/** `[from..to]`. */
export function range(from: unknown, to: unknown): unknown {
  if (from !== undefined && !Number.isInteger(from)) bail();
  if (to !== undefined && !Number.isInteger(to)) bail();
  if (from === undefined || to === undefined) return undefined;
  const start = from as number;
  const size = (to as number) - start + 1;
  if (size <= 0) return undefined;
  if (size > MAX_SEQUENCE) bail();
  spend(size);
  return sequence(Array.from({ length: size }, (_, index) => start + index));
}

/** `*` */
export function wildcard(value: unknown): unknown {
  const found: unknown[] = [];
  // Stock code takes the marks of a sequence for fields.
  if (isSequence(value)) bail();
  if (typeof value === 'object' && value !== null) {
    for (const inner of isArray(value) ? [...value] : Object.values(value)) {
      if (isArray(inner)) spread(inner, found);
      else found.push(inner);
    }
  }
  return norm(sequence(found));
}

function spread(list: readonly unknown[], into: unknown[]): void {
  spend(list.length);
  for (const item of list) {
    if (isArray(item)) spread(item, into);
    else into.push(item);
  }
}

/** `**` */
export function descendants(value: unknown): unknown {
  if (value === undefined) return undefined;
  const found: unknown[] = [];
  descend(value, found);
  return norm(found.length === 1 ? found[0] : sequence(found));
}

function descend(value: unknown, into: unknown[]): void {
  spend(1);
  if (isArray(value)) for (const inner of value) descend(inner, into);
  else {
    into.push(value);
    if (typeof value === 'object' && value !== null)
      for (const inner of Object.values(value)) descend(inner, into);
  }
}
