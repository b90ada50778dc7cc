import type { SequenceLeaf, SequenceStep } from './definition';
import { readSelector } from './parse-event';
import { readDuration, readWindow } from './parse-time';
import { at, type JsonObject, type Mistakes, readList, readObject } from './reader';

const MOST_STEPS = 8;

/** {first: {name, where?, within?}, then: step, gap?} or {first, then: [{…step, gap?}, …]}. */
export function readSequence(value: unknown, pointer: string, mistakes: Mistakes): SequenceLeaf | undefined {
  const source = readObject(value, pointer, ['first', 'then', 'gap'], mistakes);
  if (!source) return undefined;
  const place = at(pointer, 'first');
  const start = readObject(source.first, place, ['name', 'where', 'within'], mistakes);
  const first = start && readSelector(start, place, mistakes);
  const window = start?.within === undefined ? {} : readWindow(start.within, at(place, 'within'), mistakes);
  const steps = Array.isArray(source.then)
    ? readSteps(source, pointer, mistakes)
    : readOnlyStep(source, pointer, mistakes);
  return first && window && steps && { kind: 'sequence', first, window, steps };
}

function readOnlyStep(source: JsonObject, pointer: string, mistakes: Mistakes): SequenceStep[] | undefined {
  const step = readStep(source.then, at(pointer, 'then'), ['present', 'absent'], mistakes);
  const gap = readGap(source, pointer, mistakes);
  return step && [{ ...step, ...gap }];
}

function readSteps(source: JsonObject, pointer: string, mistakes: Mistakes): SequenceStep[] | undefined {
  const place = at(pointer, 'then');
  if (source.gap !== undefined) {
    mistakes.add(
      at(pointer, 'gap'),
      'choice',
      'belongs to a single step; in a list each step has its own gap',
    );
  }
  const items = readList(source.then, place, mistakes, MOST_STEPS);
  const steps = items?.map((item, index): SequenceStep | undefined => {
    const step = readStep(item, at(place, index), ['present', 'absent', 'gap'], mistakes);
    if (step?.presence === 'absent' && index < items.length - 1) {
      return mistakes.add(at(place, index), 'choice', 'only the last step may be absent');
    }
    return step && { ...step, ...readGap(item as JsonObject, at(place, index), mistakes) };
  });
  return steps?.filter((step) => step !== undefined);
}

function readGap(source: JsonObject, pointer: string, mistakes: Mistakes): { gap?: number } {
  if (source.gap === undefined) return {};
  const gap = readDuration(source.gap, at(pointer, 'gap'), mistakes);
  return gap === undefined ? {} : { gap };
}

function readStep(
  value: unknown,
  pointer: string,
  allowed: readonly string[],
  mistakes: Mistakes,
): SequenceStep | undefined {
  const source = readObject(value, pointer, allowed, mistakes);
  if (!source) return undefined;
  const named = (['present', 'absent'] as const).filter((key) => key in source);
  const presence = named[0];
  if (named.length !== 1 || presence === undefined) {
    return mistakes.add(pointer, 'choice', 'must have exactly one of present, absent');
  }
  const place = at(pointer, presence);
  const event = readObject(source[presence], place, ['name', 'where'], mistakes);
  const events = event && readSelector(event, place, mistakes);
  return events && { events, presence };
}
