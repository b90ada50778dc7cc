import { asValue } from './natives';
import type { NativeValue } from './native';
import { bail, spend } from './signals';
import { toText } from './values';

type Part = (item: unknown) => unknown;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `|where|update, remove|`: a function that gives a changed copy. */
export function transform(where: Part, update: Part, remove: Part | undefined): NativeValue {
  const implementation = (value: unknown): unknown => {
    if (value === undefined) return undefined;
    const copy = JSON.parse(toText(value)!) as unknown;
    const found = where(copy);
    for (const one of Array.isArray(found) ? [...found] : found === undefined ? [] : [found]) {
      spend(10);
      change(one, update(one));
      if (remove) drop(one, remove(one));
    }
    return copy;
  };
  const validate = (values: unknown[]): unknown[] => {
    const [value] = values;
    return values.length === 1 && (value === undefined || (typeof value === 'object' && value !== null))
      ? values
      : bail();
  };
  return asValue({ name: 'transform', implementation, arity: 1, validate });
}

function change(target: unknown, fields: unknown): void {
  if (fields === undefined) return;
  if (!isObject(fields)) return bail();
  for (const [name, value] of Object.entries(fields)) {
    if (name === '__proto__' || typeof target !== 'object' || target === null) bail();
    (target as Record<string, unknown>)[name] = value;
  }
}

function drop(target: unknown, names: unknown): void {
  if (names === undefined) return;
  const all: unknown[] = Array.isArray(names) ? names : [names];
  if (!all.every((name) => typeof name === 'string')) bail();
  if (typeof target !== 'object' || target === null) return;
  for (const name of all) delete (target as Record<string, unknown>)[name as string];
}
