import type { EventLeaf, EventSelector, FirstEventLeaf, Measure, SequenceLeaf } from './definition';
import { ORDERS, readNumber, readPath, readTest } from './parse-test';
import { readDateValue, readDuration, readWindow } from './parse-time';
import { at, type JsonObject, type Mistakes, readChoice, readList, readObject, readText } from './reader';

const SIMPLE_MEASURES = ['count', 'first', 'last'] as const;
const PATH_MEASURES = ['sum', 'min', 'max', 'avg'] as const;
const MOST_TESTS = 50;

function selector(source: JsonObject, pointer: string, mistakes: Mistakes): EventSelector | undefined {
  const name = readText(source.name, at(pointer, 'name'), mistakes);
  const place = at(pointer, 'where');
  const tests =
    source.where === undefined
      ? []
      : readList(source.where, place, mistakes, MOST_TESTS)?.map((test, index) =>
          readTest(test, at(place, index), mistakes),
        );
  if (name === undefined || tests === undefined) return undefined;
  return { name, where: tests.filter((test) => test !== undefined) };
}

function measureOf(value: unknown, pointer: string, mistakes: Mistakes): Measure | undefined {
  if (value === undefined) return { of: 'count' };
  const simple = SIMPLE_MEASURES.find((name) => name === value);
  if (simple) return { of: simple };
  const named = value !== null && typeof value === 'object' && !Array.isArray(value);
  if (!named) {
    return mistakes.add(pointer, 'choice', 'must be count, first, last, {sum}, {min}, {max} or {avg}');
  }
  const source = readObject(value, pointer, PATH_MEASURES, mistakes);
  const of = PATH_MEASURES.filter((key) => source && key in source);
  if (!source || of.length !== 1 || of[0] === undefined) {
    return mistakes.add(pointer, 'choice', 'must have exactly one of sum, min, max, avg');
  }
  const path = readPath(source[of[0]], at(pointer, of[0]), mistakes);
  return path === undefined ? undefined : { of: of[0], path };
}

/** {name, where?, within?, measure?, op?, value?} or {name, where?, firstWithin}. */
export function readEvent(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): EventLeaf | FirstEventLeaf | undefined {
  const first = value !== null && typeof value === 'object' && 'firstWithin' in value;
  const allowed = first
    ? ['name', 'where', 'firstWithin']
    : ['name', 'where', 'within', 'measure', 'op', 'value', 'firstWithin'];
  const source = readObject(value, pointer, allowed, mistakes);
  if (!source) return undefined;
  const events = selector(source, pointer, mistakes);
  if (first) {
    const window = readWindow(source.firstWithin, at(pointer, 'firstWithin'), mistakes);
    return events && window && { kind: 'firstEvent', events, window };
  }
  const window =
    source.within === undefined ? {} : readWindow(source.within, at(pointer, 'within'), mistakes);
  const measure = measureOf(source.measure, at(pointer, 'measure'), mistakes);
  const compared = measure && readComparison(source, measure, pointer, mistakes);
  return events && window && measure && compared && { kind: 'event', events, window, measure, ...compared };
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

/** {first: {name, where?, within?}, then: {present | absent: {name, where?}}, gap?}. */
export function readSequence(value: unknown, pointer: string, mistakes: Mistakes): SequenceLeaf | undefined {
  const source = readObject(value, pointer, ['first', 'then', 'gap'], mistakes);
  if (!source) return undefined;
  const place = at(pointer, 'first');
  const start = readObject(source.first, place, ['name', 'where', 'within'], mistakes);
  const first = start && selector(start, place, mistakes);
  const window = start?.within === undefined ? {} : readWindow(start.within, at(place, 'within'), mistakes);
  const then = readThen(source.then, at(pointer, 'then'), mistakes);
  const gap = source.gap === undefined ? undefined : readDuration(source.gap, at(pointer, 'gap'), mistakes);
  if (!first || !window || !then) return undefined;
  return { kind: 'sequence', first, window, ...then, ...(gap === undefined ? {} : { gap }) };
}

function readThen(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): Pick<SequenceLeaf, 'then' | 'presence'> | undefined {
  const source = readObject(value, pointer, ['present', 'absent'], mistakes);
  if (!source) return undefined;
  const named = (['present', 'absent'] as const).filter((key) => key in source);
  const presence = named[0];
  if (named.length !== 1 || presence === undefined) {
    return mistakes.add(pointer, 'choice', 'must have exactly one of present, absent');
  }
  const place = at(pointer, presence);
  const event = readObject(source[presence], place, ['name', 'where'], mistakes);
  const then = event && selector(event, place, mistakes);
  return then && { then, presence };
}
