import type { FieldError } from '@percorso/kernel';
import { leavesOf, type WrittenDefinition } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { readMeasure, readSelector } from '../definition/parse-event';
import { readPath } from '../definition/parse-test';
import { readWindow } from '../definition/parse-time';
import { resolveAudiences } from '../definition/resolve-audiences';
import { at, Mistakes, readObject } from '../definition/reader';
import type { MeasuredTrait, TraitDefinition, TraitMeasure, ValueMeasure } from './trait-definition';

export type ParsedTrait = { ok: true; trait: TraitDefinition } | { ok: false; errors: FieldError[] };

const VALUE_MEASURES = ['mostFrequent', 'firstValue', 'lastValue'] as const satisfies ValueMeasure['of'][];

/** Reads {version: 1, event} or {version: 1, where}; finds every mistake, not only the first. */
export function parseTrait(json: unknown): ParsedTrait {
  const mistakes = new Mistakes();
  const source = readObject(json, '', ['version', 'event', 'where'], mistakes);
  if (!source) return { ok: false, errors: mistakes.errors };
  if ('event' in source === 'where' in source) {
    mistakes.add('', 'choice', 'must have either event, for a value, or where, for true or false');
    return { ok: false, errors: mistakes.errors };
  }
  if ('where' in source) return parseCondition(source);
  if (source.version !== 1) {
    mistakes.add('/version', source.version === undefined ? 'required' : 'choice', 'must be 1');
  }
  const trait = readMeasured(source.event, mistakes);
  return trait && mistakes.errors.length === 0 ? { ok: true, trait } : { ok: false, errors: mistakes.errors };
}

function parseCondition(source: object): ParsedTrait {
  const parsed = parseDefinition(source);
  if (!parsed.ok) return parsed;
  const others = [...leavesOf(parsed.definition.where)].some((leaf) => leaf.kind === 'accountMember');
  if (others) {
    const message = 'of a computed trait must not look at other members of an account';
    return { ok: false, errors: [{ pointer: '/where', code: 'in-trait', message }] };
  }
  const resolved = withoutAudiences(parsed.definition);
  return resolved.ok
    ? { ok: true, trait: { kind: 'condition', where: resolved.definition.where } }
    : resolved;
}

/** Audiences look at traits: a trait that looked at one could look at itself. */
const withoutAudiences = (written: WrittenDefinition): ReturnType<typeof resolveAudiences> =>
  resolveAudiences(written, () => 'in-trait');

function readMeasured(value: unknown, mistakes: Mistakes): MeasuredTrait | undefined {
  const pointer = '/event';
  const source = readObject(value, pointer, ['name', 'where', 'within', 'measure'], mistakes);
  if (!source) return undefined;
  const events = readSelector(source, pointer, mistakes);
  const window =
    source.within === undefined ? {} : readWindow(source.within, at(pointer, 'within'), mistakes);
  const measure = readTraitMeasure(source.measure, at(pointer, 'measure'), mistakes);
  return events && window && measure && { kind: 'measure', events, window, measure };
}

function readTraitMeasure(value: unknown, pointer: string, mistakes: Mistakes): TraitMeasure | undefined {
  const of = VALUE_MEASURES.find((name) => value !== null && typeof value === 'object' && name in value);
  if (of === undefined) return readMeasure(value, pointer, mistakes, VALUE_MEASURES);
  const source = readObject(value, pointer, [of], mistakes);
  const path = source && readPath(source[of], at(pointer, of), mistakes);
  return path === undefined ? undefined : { of, path };
}
