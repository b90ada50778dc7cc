import type { Lookup, NumberValue, Order, PlainValue, Test, Value } from './definition';
import { movesWithTime } from './definition';
import { exactDecimal } from './exact-decimal';
import { isLookupName } from './lookup-name';
import { readDateValue } from './parse-time';
import { at, type JsonObject, type Mistakes, readChoice, readList, readObject, readText } from './reader';

export const ORDERS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'] as const;
export const TEST_OPS = [...ORDERS, 'in', 'includes', 'contains', 'startsWith', 'exists'] as const;
export const MOST_VALUES = 1000;
const MOST_TESTS = 50;

const isObject = (value: unknown): value is JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** A dotted path: segments without dots of their own, none empty. */
export function readPath(value: unknown, pointer: string, mistakes: Mistakes): string | undefined {
  const path = readText(value, pointer, mistakes, 500);
  if (path !== undefined && path.split('.').includes('')) {
    return mistakes.add(pointer, 'path', "must be names joined by single dots, such as 'address.city'");
  }
  return path;
}

/** A JSON number, or {decimal: '…'} for one that JSON readers would round. */
export function readNumber(value: unknown, pointer: string, mistakes: Mistakes): NumberValue | undefined {
  let text: number | string | undefined;
  let where = pointer;
  if (typeof value === 'number') text = value;
  else if (isObject(value)) {
    const source = readObject(value, pointer, ['decimal'], mistakes);
    where = at(pointer, 'decimal');
    if (typeof source?.decimal !== 'string')
      return mistakes.add(where, 'type', 'must be a string of decimal digits');
    text = source.decimal;
  } else
    return mistakes.add(pointer, value === undefined ? 'required' : 'type', 'must be a number or {decimal}');
  const decimal = exactDecimal(text);
  if (decimal !== undefined) return { type: 'number', value: decimal };
  return mistakes.add(where, 'decimal', 'must be a number of at most 29 integer and 9 fraction digits');
}

function readPlain(value: unknown, pointer: string, mistakes: Mistakes): PlainValue | undefined {
  if (typeof value === 'string') return { type: 'text', value };
  if (typeof value === 'boolean') return { type: 'boolean', value };
  if (typeof value === 'number' || (isObject(value) && 'decimal' in value))
    return readNumber(value, pointer, mistakes);
  const code = value === undefined ? 'required' : 'type';
  return mistakes.add(
    pointer,
    code,
    'must be a string, a number, a boolean or {decimal}; for no value use exists',
  );
}

function readValue(value: unknown, pointer: string, mistakes: Mistakes): Value | undefined {
  return isObject(value) && !('decimal' in value)
    ? readDateValue(value, pointer, mistakes)
    : readPlain(value, pointer, mistakes);
}

function readOrdered(
  path: string,
  op: Order,
  source: unknown,
  pointer: string,
  mistakes: Mistakes,
): Test | undefined {
  const value = readValue(source, pointer, mistakes);
  if (!value) return undefined;
  if (value.type === 'boolean' && op !== 'eq' && op !== 'ne') {
    return mistakes.add(pointer, 'type', 'booleans have no order: use eq or ne');
  }
  return { path, op, value };
}

/** {path, op, value}; with `mayLookUp` also {path, lookup, field, op, value}. */
export function readTest(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
  mayLookUp = false,
): Test | undefined {
  const allowed = ['path', ...(mayLookUp ? ['lookup', 'field'] : []), 'op', 'value'];
  const source = readObject(value, pointer, allowed, mistakes);
  if (!source) return undefined;
  const looksUp = mayLookUp && (source.lookup !== undefined || source.field !== undefined);
  const lookup = looksUp ? readLookup(source, pointer, mistakes) : undefined;
  const path = readPath(source.path, at(pointer, 'path'), mistakes);
  const op = readChoice(source.op, TEST_OPS, at(pointer, 'op'), mistakes);
  const place = at(pointer, 'value');
  if (op === undefined) return undefined;
  const named = path ?? '';
  const test = readOperand(named, op, source.value, place, mistakes);
  if (path === undefined || !test) return undefined;
  if (!looksUp) return test;
  return lookup && joined(test, lookup, place, mistakes);
}

function readOperand(
  path: string,
  op: (typeof TEST_OPS)[number],
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): Test | undefined {
  if (op === 'exists') {
    if (value === undefined || typeof value === 'boolean') return { path, op, exists: value ?? true };
    return mistakes.add(pointer, 'type', 'must be true or false');
  }
  if (op === 'contains' || op === 'startsWith') {
    const text = readText(value, pointer, mistakes, 10_000);
    return text === undefined ? undefined : { path, op, text };
  }
  if (op === 'in') {
    const values = readList(value, pointer, mistakes, MOST_VALUES)?.map((item, index) =>
      readPlain(item, at(pointer, index), mistakes),
    );
    return values && { path, op, values: values.filter((item) => item !== undefined) };
  }
  if (op === 'includes') {
    const element = readPlain(value, pointer, mistakes);
    return element && { path, op, value: element };
  }
  return readOrdered(path, op, value, pointer, mistakes);
}

/** A `where`: tests that must all pass; none where it is left out. */
export function readTests(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
  mayLookUp = false,
): Test[] | undefined {
  if (value === undefined) return [];
  const tests = readList(value, pointer, mistakes, MOST_TESTS)?.map((test, index) =>
    readTest(test, at(pointer, index), mistakes, mayLookUp),
  );
  return tests?.filter((test) => test !== undefined);
}

function readLookup(source: JsonObject, pointer: string, mistakes: Mistakes): Lookup | undefined {
  const field = readPath(source.field, at(pointer, 'field'), mistakes);
  const name = source.lookup;
  if (!isLookupName(name)) {
    const code = name === undefined ? 'required' : typeof name === 'string' ? 'pattern' : 'type';
    const message = 'must be the name of a lookup: lower-case letters, digits and _';
    return mistakes.add(at(pointer, 'lookup'), code, message);
  }
  return field === undefined ? undefined : { name, field };
}

/** Items turn by uploads only: their fields are not held against dates that move. */
function joined(test: Test, lookup: Lookup, pointer: string, mistakes: Mistakes): Test | undefined {
  if (movesWithTime(test)) {
    return mistakes.add(pointer, 'type', 'of a lookup must not be a date that moves with now');
  }
  return { ...test, lookup };
}
