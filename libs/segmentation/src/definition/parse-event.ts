import type { EventLeaf, EventSelector, EveryLeaf, FirstEventLeaf, Measure, Window } from './definition';
import { ORDERS, readNumber, readPath, readTests } from './parse-test';
import { lengthOf, readDateValue, readDuration, readWindow } from './parse-time';
import { at, type JsonObject, type Mistakes, readChoice, readObject, readText } from './reader';

const SIMPLE_MEASURES = ['count', 'first', 'last'] as const;
const PATH_MEASURES = ['sum', 'min', 'max', 'avg', 'distinct'] as const;
const PERIODS = { least: 2, most: 100 } as const;

export function readSelector(
  source: JsonObject,
  pointer: string,
  mistakes: Mistakes,
): EventSelector | undefined {
  const name = readText(source.name, at(pointer, 'name'), mistakes);
  const where = readTests(source.where, at(pointer, 'where'), mistakes, true);
  return name === undefined || where === undefined ? undefined : { name, where };
}

/** @param more names of measures that the caller reads besides, for what is told of mistakes */
export function readMeasure(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
  more: readonly string[] = [],
): Measure | undefined {
  const paths = [...PATH_MEASURES, ...more];
  if (value === undefined) return { of: 'count' };
  const simple = SIMPLE_MEASURES.find((name) => name === value);
  if (simple) return { of: simple };
  const named = value !== null && typeof value === 'object' && !Array.isArray(value);
  if (!named) {
    const choices = [...SIMPLE_MEASURES, ...paths.map((path) => `{${path}}`)];
    return mistakes.add(pointer, 'choice', `must be one of ${choices.join(', ')}`);
  }
  const source = readObject(value, pointer, paths, mistakes);
  const of = PATH_MEASURES.filter((key) => source && key in source);
  if (!source || of.length !== 1 || of[0] === undefined) {
    return mistakes.add(pointer, 'choice', `must have exactly one of ${paths.join(', ')}`);
  }
  const path = readPath(source[of[0]], at(pointer, of[0]), mistakes);
  return path === undefined ? undefined : { of: of[0], path };
}

/** {name, where?, within?, measure?, op?, value?}, the same with {every}, or {name, where?, firstWithin}. */
export function readEvent(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): EventLeaf | EveryLeaf | FirstEventLeaf | undefined {
  const first = value !== null && typeof value === 'object' && 'firstWithin' in value;
  const allowed = first
    ? ['name', 'where', 'firstWithin']
    : ['name', 'where', 'within', 'every', 'measure', 'op', 'value', 'firstWithin'];
  const source = readObject(value, pointer, allowed, mistakes);
  if (!source) return undefined;
  const events = readSelector(source, pointer, mistakes);
  if (first) {
    const window = readWindow(source.firstWithin, at(pointer, 'firstWithin'), mistakes);
    return events && window && { kind: 'firstEvent', events, window };
  }
  const window =
    source.within === undefined ? {} : readWindow(source.within, at(pointer, 'within'), mistakes);
  const measure = readMeasure(source.measure, at(pointer, 'measure'), mistakes);
  const compared = measure && readComparison(source, measure, pointer, mistakes);
  const leaf = events && window && measure && compared && { events, window, measure, ...compared };
  if (source.every === undefined) return leaf && { kind: 'event', ...leaf };
  const periods = window && readPeriods(source, window, pointer, mistakes);
  return leaf && periods && readEvery({ ...leaf, ...periods }, pointer, mistakes);
}

function readPeriods(
  source: JsonObject,
  window: Window,
  pointer: string,
  mistakes: Mistakes,
): Pick<EveryLeaf, 'window' | 'every' | 'periods'> | undefined {
  const every = readDuration(source.every, at(pointer, 'every'), mistakes);
  const length = lengthOf(window);
  if (length === undefined) {
    const code = source.within === undefined ? 'required' : 'range';
    const message = 'must have a length: last, or from and to, both dates or both counted from now';
    return mistakes.add(at(pointer, 'within'), code, message);
  }
  if (every === undefined) return undefined;
  const periods = length / every;
  if (Number.isInteger(periods) && periods >= PERIODS.least && periods <= PERIODS.most) {
    return { window: window as Required<Window>, every, periods };
  }
  const message = `the window must be ${PERIODS.least} to ${PERIODS.most} whole periods of this length`;
  return mistakes.add(at(pointer, 'every'), 'range', message);
}

function readEvery(
  leaf: Omit<EventLeaf, 'kind'> & Pick<EveryLeaf, 'window' | 'every' | 'periods'>,
  pointer: string,
  mistakes: Mistakes,
): EveryLeaf | undefined {
  const { measure, value } = leaf;
  if ((measure.of === 'count' || measure.of === 'sum') && value.type === 'number') {
    return { kind: 'every', ...leaf, measure, value };
  }
  return mistakes.add(at(pointer, 'measure'), 'choice', 'must be count or {sum} where every is given');
}

function readComparison(
  source: JsonObject,
  measure: Measure,
  pointer: string,
  mistakes: Mistakes,
): Pick<EventLeaf, 'op' | 'value'> | undefined {
  // Naming an event and nothing else asks whether it happened at all.
  if (measure.of === 'count' && source.op === undefined && source.value === undefined) {
    return { op: 'gte', value: { type: 'number', value: '1' } };
  }
  const op = readChoice(source.op, ORDERS, at(pointer, 'op'), mistakes);
  const place = at(pointer, 'value');
  const timed = measure.of === 'first' || measure.of === 'last';
  const value = timed
    ? readDateValue(source.value as JsonObject, place, mistakes)
    : readNumber(source.value, place, mistakes);
  return op && value && { op, value };
}
