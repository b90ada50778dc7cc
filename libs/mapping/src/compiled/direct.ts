import { ANY, KIND, type Value } from './kinds';

type Given = ('text' | 'number' | 'pattern' | 'function')[];

interface Direct extends Pick<Value, 'kind' | 'loose' | 'pure'> {
  arities: number[];
  /** The types with which it is called directly although it might take its context, by number of arguments. */
  given?: Record<number, Given>;
}

const { missing, boolean, number, text, object, list } = KIND;
const TEXT = text | missing;
const NUMBER = number | missing;
const YES = boolean | missing;

const simple = (kind: number, arities: number[], given?: Record<number, Given>): Direct => ({
  kind,
  arities,
  given,
  pure: true,
});
const loose = (arities: number[], given?: Record<number, Given>): Direct => ({
  kind: ANY,
  arities,
  given,
  loose: true,
});

/** JSONata's functions for which generated code calls one of its own, by how many arguments they are given. */
export const DIRECT: Partial<Record<string, Direct>> = Object.assign(Object.create(null) as object, {
  string: simple(TEXT, [1]),
  lowercase: simple(TEXT, [1]),
  uppercase: simple(TEXT, [1]),
  length: simple(NUMBER, [1]),
  trim: simple(TEXT, [1]),
  substring: simple(TEXT, [2, 3], { 2: ['text', 'number'] }),
  substringBefore: simple(TEXT, [2]),
  substringAfter: simple(TEXT, [2]),
  pad: simple(TEXT, [2, 3], { 2: ['text', 'number'] }),
  join: simple(TEXT, [1, 2]),
  number: simple(NUMBER, [1]),
  floor: simple(NUMBER, [1]),
  ceil: simple(NUMBER, [1]),
  abs: simple(NUMBER, [1]),
  round: simple(NUMBER, [1, 2]),
  sum: simple(NUMBER, [1]),
  average: simple(NUMBER, [1]),
  max: simple(NUMBER, [1]),
  min: simple(NUMBER, [1]),
  count: simple(number, [1]),
  boolean: simple(YES, [1]),
  not: simple(YES, [1]),
  exists: simple(boolean, [1]),
  type: simple(TEXT, [1]),
  append: loose([2]),
  lookup: loose([2]),
  keys: loose([1]),
  merge: { kind: object | missing, arities: [1] },
  distinct: loose([1]),
  assert: simple(missing, [1, 2]),
  now: simple(TEXT, [0, 1, 2]),
  millis: simple(number, [0]),
  random: simple(number, [0]),
  fromMillis: simple(TEXT, [1, 2, 3], { 1: ['number'], 2: ['number', 'text'] }),
  toMillis: simple(NUMBER, [1, 2]),
  contains: simple(YES, [2]),
  match: loose([2, 3], { 2: ['text', 'function'] }),
  split: { kind: list | missing, arities: [2, 3], given: { 2: ['text', 'pattern'] }, pure: true },
  replace: simple(TEXT, [3, 4], { 3: ['text', 'pattern', 'pattern'] }),
  map: loose([2]),
  filter: loose([2]),
  single: loose([1, 2]),
  reduce: loose([2, 3]),
  each: loose([2]),
  sift: { kind: object | missing, arities: [2] },
  sort: loose([1, 2]),
} satisfies Record<string, Direct>);
