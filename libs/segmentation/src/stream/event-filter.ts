import { elementsOf, valueAt } from '@percorso/profile';
import type { Test } from '../definition/definition';
import { numericOf } from './numeric';
import { checkOf, includes } from './scalar';

/**
 * Whether an event's properties pass all tests of its filter, for who looks at one event at a time.
 * A test of a lookup is not passed: there are no items here.
 */
export function passesFilter(
  where: readonly Test[],
  properties: Record<string, unknown>,
  now: number,
): boolean {
  return where.every((test) => !test.lookup && passesTest(test, properties, now));
}

function passesTest(test: Test, properties: Record<string, unknown>, now: number): boolean {
  const value = valueAt(properties, test.path);
  if (test.op === 'includes') return typeof value === 'object' && includes(test, elementsOf(value));
  const scalar =
    typeof value === 'object' ? JSON.stringify(value) : typeof value === 'number' ? numericOf(value) : value;
  return checkOf(test)(scalar, now);
}
