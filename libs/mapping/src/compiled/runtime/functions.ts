import { callNative, FOCUS, type Natives } from './natives';
import { append, isSequence, lookup, sequence } from './sequences';
import { bail, rowTime, spend } from './signals';
import { pictured } from './pictures';
import { put } from './selecting';
import { equal, toText, truth } from './values';

const { isArray } = Array;

/** A text, or nothing. */
function asText(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? value : bail();
}

function asNumber(value: unknown): number | undefined {
  return value === undefined || typeof value === 'number' ? value : bail();
}

/** What is handed over as a list of one type. */
function listOf(value: unknown, type: 'number' | 'string'): unknown[] | undefined {
  if (value === undefined) return undefined;
  if (!isArray(value)) return typeof value === type ? [value] : bail();
  spend(value.length);
  for (let index = 0; index < value.length; index++) if (typeof value[index] !== type) bail();
  return value;
}

/** Stock code looks for the word where it is not told what to look for. */
const sought = (text = ''): string => (text.includes('undefined') ? bail() : 'undefined');

const DECIMAL = /^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$/;
const SURROGATE = /[\ud800-\udfff]/;
/** The nearest whole number; of two the even one. */
function even(value: number): number {
  const whole = Math.round(value);
  const nearest = Math.abs(whole - value) === 0.5 && whole % 2 !== 0 ? whole - 1 : whole;
  return nearest === 0 ? 0 : nearest;
}

/** The decimal point moved, in the digits: multiplied, a number might come out a little different. */
function shifted(value: number, places: number): number {
  const [digits, exponent = '0'] = String(value).split('e');
  return Number(`${digits}e${Number(exponent) + places}`);
}

/**
 * JSONata's functions called with all the arguments they need, of the right types: what else they may be given is left
 * to stock code. The names are JSONata's.
 */
export function directFunctions(natives: Natives) {
  const stock = (name: string): ((...values: unknown[]) => unknown) =>
    natives.get(name)!.implementation.bind(FOCUS);
  const parseNumber = stock('number');
  const roundDigits = stock('round');
  const formatMillis = stock('fromMillis');
  const parseMillis = stock('toMillis');
  const pad = natives.get('pad')!;
  const sum = (value: unknown): number | undefined => {
    const list = listOf(value, 'number') as number[] | undefined;
    if (!list) return undefined;
    let total = 0;
    for (let index = 0; index < list.length; index++) total += list[index]!;
    return total;
  };
  const extreme =
    (pick: (a: number, b: number) => number) =>
    (value: unknown): number | undefined => {
      const list = listOf(value, 'number') as number[] | undefined;
      return list && list.length > 0 ? list.reduce(pick) : undefined;
    };
  const fromMillis = (millis: unknown, picture?: unknown, zone?: unknown): unknown => {
    const at = asNumber(millis);
    asText(picture);
    asText(zone);
    if (at === undefined) return undefined;
    const simple = zone === undefined ? pictured(at, picture as string | undefined) : undefined;
    if (simple !== undefined) return simple;
    spend(10);
    return formatMillis(at, picture, zone);
  };
  return {
    string: (value: unknown) => toText(value),
    lowercase: (value: unknown) => asText(value)?.toLowerCase(),
    uppercase: (value: unknown) => asText(value)?.toUpperCase(),
    length: (value: unknown) => {
      const text = asText(value);
      if (text === undefined || !SURROGATE.test(text)) return text?.length;
      return [...text].length;
    },
    trim: (value: unknown) => {
      const text = asText(value);
      // Inner white space shrinks too.
      return text?.replace(/[ \t\n\r]+/g, ' ').replace(/^ | $/g, '');
    },
    substring: (value: unknown, from: unknown, count?: unknown) => {
      const text = asText(value);
      let start = asNumber(from);
      const length = asNumber(count);
      if (text === undefined) return undefined;
      if (start === undefined) return bail();
      const characters = SURROGATE.test(text) ? [...text] : text;
      if (characters.length + start < 0) start = 0;
      if (length !== undefined && length <= 0) return '';
      const end = length === undefined ? undefined : (start >= 0 ? 0 : characters.length) + start + length;
      const part = characters.slice(start, end);
      return typeof part === 'string' ? part : part.join('');
    },
    substringBefore: (value: unknown, mark: unknown) => {
      const text = asText(value);
      const found = asText(mark) ?? sought(text);
      if (text === undefined) return undefined;
      const at = text.indexOf(found);
      return at < 0 ? text : text.slice(0, at);
    },
    substringAfter: (value: unknown, mark: unknown) => {
      const text = asText(value);
      const found = asText(mark) ?? sought(text);
      if (text === undefined) return undefined;
      const at = text.indexOf(found);
      return at < 0 ? text : text.slice(at + found.length);
    },
    pad: (value: unknown, width: unknown, filling?: unknown) => {
      const text = asText(value);
      const wide = asNumber(width);
      const by = asText(filling) || ' ';
      if (text === undefined) return undefined;
      if (wide === undefined || SURROGATE.test(text) || SURROGATE.test(by))
        return callNative(pad, [value, width, filling], undefined);
      const whole = Math.trunc(Math.abs(wide));
      spend(Math.min(whole, 1_000_000));
      return wide > 0 ? text.padEnd(whole, by) : text.padStart(whole, by);
    },
    join: (value: unknown, separator?: unknown) => {
      const by = asText(separator) ?? '';
      return listOf(value, 'string')?.join(by);
    },
    number: (value: unknown) => {
      if (typeof value === 'number' || value === undefined) return value;
      if (typeof value === 'boolean') return value ? 1 : 0;
      if (typeof value !== 'string') return bail();
      const number = DECIMAL.test(value) ? Number(value) : Infinity;
      return Number.isFinite(number) ? number : (parseNumber(value) as number);
    },
    floor: (value: unknown) => (asNumber(value) === undefined ? undefined : Math.floor(value as number)),
    ceil: (value: unknown) => (asNumber(value) === undefined ? undefined : Math.ceil(value as number)),
    abs: (value: unknown) => (asNumber(value) === undefined ? undefined : Math.abs(value as number)),
    round: (value: unknown, digits?: unknown) => {
      const number = asNumber(value);
      const places = asNumber(digits);
      if (number === undefined) return undefined;
      if (!places) return even(number);
      return Number.isInteger(places)
        ? shifted(even(shifted(number, places)), -places)
        : roundDigits(number, places);
    },
    sum,
    average: (value: unknown) => {
      const total = sum(value);
      if (total === undefined) return undefined;
      const count = isArray(value) ? value.length : 1;
      return count === 0 ? undefined : total / count;
    },
    max: extreme((a, b) => Math.max(a, b)),
    min: extreme((a, b) => Math.min(a, b)),
    count: (value: unknown) => (value === undefined ? 0 : isArray(value) ? value.length : 1),
    boolean: (value: unknown) => (value === undefined ? undefined : truth(value)),
    not: (value: unknown) => (value === undefined ? undefined : !truth(value)),
    exists: (value: unknown) => value !== undefined,
    type: stock('type'),
    append,
    // Stock code looks for a field called undefined where the name is missing.
    lookup: (value: unknown, name: unknown) => lookup(value, asText(name) ?? 'undefined'),
    keys: (value: unknown) => {
      if (isArray(value)) return callNative(natives.get('keys')!, [value], undefined);
      return sequence(typeof value === 'object' && value !== null ? Object.keys(value) : []);
    },
    merge: (value: unknown) => {
      if (value === undefined) return undefined;
      const merged: Record<string, unknown> = {};
      for (const one of isArray(value) ? value : [value]) {
        if (typeof one !== 'object' || one === null || isArray(one)) return bail();
        spend(1);
        for (const [name, inner] of Object.entries(one)) put(merged, name, inner);
      }
      return merged;
    },
    distinct: (value: unknown) => {
      if (!isArray(value) || value.length <= 1) return value;
      const found: unknown[] = [];
      for (const item of value) {
        spend(found.length);
        if (typeof item === 'object' ? !found.some((one) => equal(one, item)) : found.indexOf(item) < 0)
          found.push(item);
      }
      return isSequence(value) ? sequence(found) : found;
    },
    assert: (condition: unknown) => (condition === true ? undefined : bail()),
    now: (picture?: unknown, zone?: unknown) => fromMillis(rowTime(), picture, zone),
    millis: () => rowTime(),
    random: () => Math.random(),
    fromMillis,
    toMillis: (value: unknown, picture?: unknown) => {
      const text = asText(value);
      asText(picture);
      return text === undefined ? undefined : (parseMillis(text, picture) as number | undefined);
    },
  };
}
