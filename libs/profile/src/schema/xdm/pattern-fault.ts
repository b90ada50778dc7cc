import { LinearPattern } from '../linear-pattern';
import { isObject } from './json';

/** Why a pattern is not matched here. */
export function patternFault(pattern: unknown): string | undefined {
  if (typeof pattern !== 'string') return 'A pattern is a text.';
  try {
    new LinearPattern(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The first fault of fields by pattern. */
export const patternsFault = (patterns: unknown): string | undefined =>
  isObject(patterns)
    ? Object.keys(patterns)
        .map(patternFault)
        .find((fault) => fault !== undefined)
    : undefined;
