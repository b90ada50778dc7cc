import { lookUp, matching, ofNumber, type Subject } from '../compile/reference-evaluator';
import type { MeasuredTrait } from './trait-definition';

type Value = string | bigint | boolean | undefined;

const SCALE = 10n ** 9n;

/** A measured trait read literally, one person at a time: slow, obvious, and sharing only the types with the others. */
export function referenceValue(
  { events, window, measure }: MeasuredTrait,
  subject: Subject,
  now: number,
): Value {
  const found = matching(subject, events, window, now).sort((a, b) => a.at - b.at);
  const date = (at: number | undefined): Value => (at === undefined ? undefined : new Date(at).toISOString());
  if (measure.of === 'count') return BigInt(found.length) * SCALE;
  if (!('path' in measure)) return date(measure.of === 'first' ? found[0]?.at : found.at(-1)?.at);
  const valued = found.flatMap(({ at, properties }) => {
    const value = lookUp(measure.path, properties);
    return value === undefined ? [] : [{ at, value: value as string | number | boolean }];
  });
  const distinct = [...new Set(valued.map(({ value }) => value))];
  const numbers = valued.flatMap(({ value }) => (typeof value === 'number' ? [ofNumber(value)] : []));
  const sum = numbers.reduce((total, number) => total + number, 0n);
  switch (measure.of) {
    case 'distinct':
      return BigInt(distinct.length) * SCALE;
    case 'sum':
      return sum;
    case 'min':
      return numbers.sort(inOrder)[0];
    case 'max':
      return numbers.sort(inOrder).at(-1);
    case 'avg':
      return numbers.length === 0 ? undefined : average(sum, BigInt(numbers.length));
    case 'firstValue':
      return exact(smallest(valued.filter(({ at }) => at === valued[0]?.at).map(({ value }) => value)));
    case 'lastValue':
      return exact(smallest(valued.filter(({ at }) => at === valued.at(-1)?.at).map(({ value }) => value)));
    case 'mostFrequent': {
      const times = (value: unknown): number[] =>
        valued.flatMap((one) => (one.value === value ? [one.at] : []));
      const most = Math.max(...distinct.map((value) => times(value).length));
      const often = distinct.filter((value) => times(value).length === most);
      const latest = Math.max(...often.map((value) => Math.max(...times(value))));
      return exact(smallest(often.filter((value) => times(value).includes(latest))));
    }
  }
}

const inOrder = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** Of nine places, half away from zero. */
function average(sum: bigint, count: bigint): bigint {
  const size = sum < 0n ? -sum : sum;
  const cut = size / count;
  const up = (size % count) * 2n >= count ? 1n : 0n;
  return sum < 0n ? -(cut + up) : cut + up;
}

function smallest(values: (string | number | boolean)[]): string | number | boolean | undefined {
  const kinds = ['boolean', 'number', 'string'];
  return values.sort((a, b) => {
    if (typeof a !== typeof b) return kinds.indexOf(typeof a) - kinds.indexOf(typeof b);
    return typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b as string)) : inOrder(a, b);
  })[0];
}

const exact = (value: string | number | boolean | undefined): Value =>
  typeof value === 'number' ? ofNumber(value) : value;
