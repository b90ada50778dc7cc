import { parseDate } from './date-text';
import type { DateValue, TimePoint, Window } from './definition';
import { parseDuration } from './duration';
import { at, type JsonObject, type Mistakes, readObject } from './reader';

function duration(value: unknown, pointer: string, mistakes: Mistakes): number | undefined {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  return (
    ms ??
    mistakes.add(
      pointer,
      'duration',
      "must be a duration of fixed length such as '30d', '12h' or 'P30D', at most 100 years",
    )
  );
}

export const readDuration = duration;

function absolute(value: unknown, pointer: string, mistakes: Mistakes): TimePoint | undefined {
  const ms = typeof value === 'string' ? parseDate(value) : undefined;
  if (ms !== undefined) return { at: ms };
  return mistakes.add(pointer, 'date', "must be a date such as '2026-01-31' or '2026-01-31T08:00:00Z'");
}

function relative(source: JsonObject, pointer: string, mistakes: Mistakes): TimePoint | undefined {
  const key = 'ago' in source ? 'ago' : 'ahead';
  const ms = duration(source[key], at(pointer, key), mistakes);
  return ms === undefined ? undefined : { fromNow: key === 'ago' ? -ms : ms };
}

/** {date}, {ago} or {ahead}: exactly one of them. */
export function readDateValue(value: JsonObject, pointer: string, mistakes: Mistakes): DateValue | undefined {
  const source = readObject(value, pointer, ['date', 'ago', 'ahead'], mistakes);
  if (!source) return undefined;
  if (Object.keys(source).length !== 1) {
    return mistakes.add(
      pointer,
      'choice',
      'must have exactly one of date, ago, ahead (or decimal, where a number may stand)',
    );
  }
  const time =
    'date' in source
      ? absolute(source.date, at(pointer, 'date'), mistakes)
      : relative(source, pointer, mistakes);
  return time && { type: 'date', time };
}

function bound(value: unknown, pointer: string, mistakes: Mistakes): TimePoint | undefined {
  if (typeof value === 'string') return absolute(value, pointer, mistakes);
  const source = readObject(value, pointer, ['ago', 'ahead'], mistakes);
  if (!source) return undefined;
  if (Object.keys(source).length !== 1) {
    return mistakes.add(pointer, 'choice', 'must be a date, {ago} or {ahead}');
  }
  return relative(source, pointer, mistakes);
}

/** {last} or {from, to}; [from, to) either way. */
export function readWindow(value: unknown, pointer: string, mistakes: Mistakes): Window | undefined {
  const source = readObject(value, pointer, ['last', 'from', 'to'], mistakes);
  if (!source) return undefined;
  const hasBounds = 'from' in source || 'to' in source;
  if ('last' in source) {
    if (hasBounds) return mistakes.add(pointer, 'choice', 'must have either last or from and to');
    const ms = duration(source.last, at(pointer, 'last'), mistakes);
    return ms === undefined ? undefined : { from: { fromNow: -ms }, to: { fromNow: 0 } };
  }
  if (!hasBounds)
    return mistakes.add(pointer, 'required', 'must have last, or from, or to, or both of these');
  const from = 'from' in source ? bound(source.from, at(pointer, 'from'), mistakes) : undefined;
  const to = 'to' in source ? bound(source.to, at(pointer, 'to'), mistakes) : undefined;
  if (from && to && neverBefore({ from, to })) {
    return mistakes.add(pointer, 'range', 'from must be before to');
  }
  return { ...(from && { from }), ...(to && { to }) };
}

// A date and a distance from now cannot be compared ahead of time: such a window may be empty for a while.
const neverBefore = (window: Window): boolean => (lengthOf(window) ?? 1) <= 0;

/** Milliseconds from its start to its end, where these are known ahead of time; undefined otherwise. */
export function lengthOf({ from, to }: Window): number | undefined {
  if (!from || !to) return undefined;
  if ('at' in from && 'at' in to) return to.at - from.at;
  return 'fromNow' in from && 'fromNow' in to ? to.fromNow - from.fromNow : undefined;
}
