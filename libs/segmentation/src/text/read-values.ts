import { exactDecimal } from '../definition/exact-decimal';
import type { Cursor } from './cursor';

type Json = Record<string, unknown>;

const ORDERS = { '=': 'eq', '!=': 'ne', '>=': 'gte', '<=': 'lte', '>': 'gt', '<': 'lt' } as const;
const UNITS: Record<string, string> = {
  second: 's',
  seconds: 's',
  minute: 'm',
  minutes: 'm',
  hour: 'h',
  hours: 'h',
  day: 'd',
  days: 'd',
  week: 'w',
  weeks: 'w',
};

/** `name.other."a third"` */
export function readPath(cursor: Cursor): string {
  const steps = [readStep(cursor)];
  while (cursor.skips('.')) steps.push(readStep(cursor));
  return steps.join('.');
}

export function readStep(cursor: Cursor): string {
  if (cursor.next.kind === 'string') return cursor.string('a name');
  return cursor.expectKind('word', 'a name, in quotes unless it is letters, digits and _');
}

/** `30 days`, `30d` or `P30D` */
export function readDuration(cursor: Cursor): string {
  if (cursor.next.kind === 'duration') return cursor.take().text;
  if (cursor.next.kind === 'word' && cursor.next.text.startsWith('P')) return cursor.take().text;
  const count = cursor.expectKind('number', 'a duration such as 30 days');
  const unit = UNITS[cursor.next.text];
  if (!unit) return cursor.fail('expected seconds, minutes, hours, days or weeks');
  cursor.take();
  return `${count}${unit}`;
}

/** `2026-01-31`, `30 days ago` or `2 hours ahead`; a date is given as a bound is written, as text. */
function readTime(cursor: Cursor): string | Json {
  if (cursor.next.kind === 'date') return cursor.take().text;
  return cursor.placed(() => {
    const duration = readDuration(cursor);
    return { [cursor.expectOne(['ago', 'ahead'], 'ago or ahead')]: duration };
  });
}

/** `last 30 days`, `from … to …`, `from …` or `to …` */
export function readWindow(cursor: Cursor): Json {
  return cursor.placed(() => {
    if (cursor.skips('last')) return { last: readDuration(cursor) };
    const from = cursor.skips('from') ? { from: readTime(cursor) } : undefined;
    const to = cursor.skips('to') ? { to: readTime(cursor) } : undefined;
    return from || to ? { ...from, ...to } : cursor.fail('expected last, from or to');
  });
}

export const seesWindow = (cursor: Cursor): boolean =>
  ['last', 'from', 'to'].some((word) => cursor.sees(word));

/** A JSON number where it says the same, else {decimal}. */
export function readNumber(cursor: Cursor): unknown {
  const text = cursor.expectKind('number', 'a number');
  const number = Number(text);
  const exact = exactDecimal(text);
  return exact !== undefined && exactDecimal(number) === exact ? number : { decimal: text };
}

function readPlain(cursor: Cursor): unknown {
  if (cursor.next.kind === 'string') return cursor.string('a text');
  if (cursor.next.kind === 'number') return readNumber(cursor);
  return cursor.expectOne(['true', 'false'], 'a text in quotes, a number, true or false') === 'true';
}

export function readDate(cursor: Cursor): Json {
  return cursor.placed(() => {
    const time = readTime(cursor);
    return typeof time === 'string' ? { date: time } : time;
  });
}

function readValue(cursor: Cursor): unknown {
  const { kind, text } = cursor.next;
  const unit = kind === 'number' && UNITS[cursor.ahead(1).text] && cursor.ahead(1).kind === 'word';
  const dated = kind === 'date' || kind === 'duration' || (kind === 'word' && /^P\d|^PT/.test(text));
  return unit || dated ? readDate(cursor) : readPlain(cursor);
}

/** `= value` and so on: {op, value}. */
export function readComparison(cursor: Cursor, read: (cursor: Cursor) => unknown): Json {
  const sign = cursor.expectOne(Object.keys(ORDERS) as (keyof typeof ORDERS)[], 'one of = != > >= < <=');
  return { op: ORDERS[sign], value: read(cursor) };
}

/** What a value is held against: {op, value?}. */
export function readOperation(cursor: Cursor): Json {
  if (cursor.skips('exists')) return { op: 'exists' };
  if (cursor.skips('is')) {
    cursor.expect('missing');
    return { op: 'exists', value: false };
  }
  if (cursor.skips('in')) {
    cursor.expect('[');
    return { op: 'in', value: cursor.list(() => readPlain(cursor), ']') };
  }
  if (cursor.skips('includes')) return { op: 'includes', value: readPlain(cursor) };
  if (cursor.skips('contains')) return { op: 'contains', value: cursor.string('a text in quotes') };
  if (cursor.skips('starts')) {
    cursor.expect('with');
    return { op: 'startsWith', value: cursor.string('a text in quotes') };
  }
  if (Object.keys(ORDERS).some((sign) => cursor.sees(sign))) return readComparison(cursor, readValue);
  return cursor.fail(
    'expected =, !=, >, >=, <, <=, in, includes, contains, starts with, exists or is missing',
  );
}

/** `amount > 50`, or of an item by its key: `lookup("product", sku).category = "shoes"` */
export const readTest = (cursor: Cursor): Json =>
  cursor.placed(() => ({ ...readTested(cursor), ...readOperation(cursor) }));

function readTested(cursor: Cursor): Json {
  if (!cursor.sees('lookup') || cursor.ahead(1).text !== '(') return { path: readPath(cursor) };
  cursor.take();
  return readItemField(cursor);
}

/** What follows `lookup`: `("store", trait.home_store).region`, after the name the key as `readKey` reads it. */
export function readItemField(cursor: Cursor, readKey = readPath): Json {
  cursor.expect('(');
  const lookup = cursor.string('the name of a lookup in quotes');
  cursor.expect(',');
  const path = readKey(cursor);
  cursor.expect(')');
  cursor.expect('.');
  return { path, lookup, field: readPath(cursor) };
}
