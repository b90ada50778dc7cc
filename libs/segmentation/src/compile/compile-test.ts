import { ELEMENT } from '@percorso/profile';
import { DATE_PATTERN } from '../definition/date-text';
import {
  type DateValue,
  instantOf,
  type Order,
  type PlainValue,
  type Test,
  type Value,
} from '../definition/definition';
import type { Parameters } from './parameters';

export const SQL_ORDER: Record<Order, string> = { eq: '=', ne: '!=', gt: '>', gte: '>=', lt: '<', lte: '<=' };

const COLUMN = { text: 'strings', number: 'numbers', boolean: 'booleans' } as const;
type PlainType = keyof typeof COLUMN;

/** A test as a boolean expression over the columns numbers, strings and booleans; never NULL. */
export function compileTest(test: Test, parameters: Parameters, now: Date): string {
  const path = parameters.text(test.path);
  const has = (type: PlainType): string => `mapContains(${COLUMN[type]}, ${path})`;
  const exists = hasValue(path);
  const read = (type: PlainType): string =>
    type === 'number' ? `toDecimal256(numbers[${path}], 9)` : `${COLUMN[type]}[${path}]`;

  if (test.op === 'exists') return test.exists ? exists : `NOT ${exists}`;
  if (test.op === 'contains')
    return `(${has('text')} AND position(${read('text')}, ${parameters.text(test.text)}) > 0)`;
  if (test.op === 'startsWith')
    return `(${has('text')} AND startsWith(${read('text')}, ${parameters.text(test.text)}))`;
  if (test.op === 'in') {
    const groups = (['text', 'number', 'boolean'] as const).flatMap((type) => {
      const list = listOf(type, test.values, parameters);
      return list === undefined ? [] : [`(${has(type)} AND has(${list}, ${read(type)}))`];
    });
    return `(${groups.join(' OR ')})`;
  }
  if (test.op === 'includes')
    return `has(lists[${path}], ${parameters.text(ELEMENT[test.value.type] + String(test.value.value))})`;
  if (test.op === 'ne') return `(${exists} AND NOT ${equal(test.value)})`;
  return test.op === 'eq' ? equal(test.value) : ordered(test.op, test.value);

  function equal(value: Value): string {
    return ordered('eq', value);
  }
  function ordered(op: Order, value: Value): string {
    if (value.type === 'date') {
      return `(${has('text')} AND ifNull(${dateIn(read('text'))} ${SQL_ORDER[op]} ${dateOf(value, parameters, now)}, false))`;
    }
    return `(${has(value.type)} AND ${read(value.type)} ${SQL_ORDER[op]} ${plainOf(value, parameters)})`;
  }
}

/** Whether there is a value at the path, of any type. */
export const hasValue = (path: string): string =>
  `(mapContains(strings, ${path}) OR mapContains(numbers, ${path}) OR mapContains(booleans, ${path}))`;

/** The value at the path with its type before it: 1 and "1" differ. */
export const typedValue = (path: string): string =>
  `multiIf(mapContains(strings, ${path}), concat('${ELEMENT.text}', strings[${path}]), ` +
  `mapContains(numbers, ${path}), concat('${ELEMENT.number}', toString(numbers[${path}])), ` +
  `concat('${ELEMENT.boolean}', toString(booleans[${path}])))`;

/** The date a text is, NULL when it is none. */
export const dateIn = (text: string): string =>
  `if(match(${text}, '${DATE_PATTERN}'), parseDateTime64BestEffortOrNull(${text}, 3, 'UTC'), NULL)`;

export const dateOf = (value: DateValue, parameters: Parameters, now: Date): string =>
  parameters.instant(instantOf(value.time, now));

function plainOf(value: PlainValue, parameters: Parameters): string {
  if (value.type === 'number') return parameters.decimal(value.value);
  return value.type === 'boolean' ? parameters.boolean(value.value) : parameters.text(value.value);
}

function listOf(type: PlainType, values: PlainValue[], parameters: Parameters): string | undefined {
  const texts: string[] = [];
  const booleans: boolean[] = [];
  for (const value of values) {
    if (value.type !== type) continue;
    if (value.type === 'boolean') booleans.push(value.value);
    else texts.push(value.value);
  }
  if (booleans.length > 0) return parameters.booleans(booleans);
  if (texts.length === 0) return undefined;
  return type === 'number' ? parameters.decimals(texts) : parameters.texts(texts);
}
