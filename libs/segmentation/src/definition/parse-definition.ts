import type { FieldError } from '@percorso/kernel';
import type { Condition, ConsentLeaf, Definition, TraitLeaf } from './definition';
import { readEvent, readSequence } from './parse-event';
import { readTest } from './parse-test';
import { at, type JsonObject, Mistakes, readChoice, readList, readObject, readText } from './reader';

export type ParsedDefinition = { ok: true; definition: Definition } | { ok: false; errors: FieldError[] };

/** All and any may hold this many conditions; conditions may nest this deep; a definition may have this many leaves. */
export const LIMITS = { conditions: 200, depth: 64, leaves: 200 } as const;

const KINDS = ['all', 'any', 'not', 'trait', 'consent', 'event', 'sequence'] as const;

/** Reads a definition of language version 1; finds every mistake, not only the first. */
export function parseDefinition(json: unknown): ParsedDefinition {
  const reading = new Reading();
  const source = readObject(json, '', ['version', 'where'], reading.mistakes);
  if (source && source.version !== 1) {
    reading.mistakes.add('/version', source.version === undefined ? 'required' : 'choice', 'must be 1');
  }
  const where = source && reading.condition(source.where, '/where', 1);
  if (where && reading.leaves > LIMITS.leaves) {
    reading.mistakes.add('/where', 'too-many', `must have at most ${LIMITS.leaves} conditions on data`);
  }
  const { errors } = reading.mistakes;
  return where && errors.length === 0
    ? { ok: true, definition: { version: 1, where } }
    : { ok: false, errors };
}

class Reading {
  readonly mistakes = new Mistakes();
  leaves = 0;

  condition(value: unknown, pointer: string, depth: number): Condition | undefined {
    if (depth > LIMITS.depth) {
      return this.mistakes.add(pointer, 'too-deep', `conditions may nest ${LIMITS.depth} deep at most`);
    }
    const source = readObject(value, pointer, KINDS, this.mistakes);
    if (!source) return undefined;
    const kinds = KINDS.filter((kind) => kind in source);
    const kind = kinds[0];
    if (kinds.length !== 1 || kind === undefined) {
      return this.mistakes.add(pointer, 'choice', `must have exactly one of ${KINDS.join(', ')}`);
    }
    const place = at(pointer, kind);
    if (kind === 'not') {
      const condition = this.condition(source.not, place, depth + 1);
      return condition && { kind, condition };
    }
    if (kind === 'all' || kind === 'any') return this.list(kind, source, place, depth);
    this.leaves += 1;
    return this.leaf(kind, source[kind], place);
  }

  private list(
    kind: 'all' | 'any',
    source: JsonObject,
    pointer: string,
    depth: number,
  ): Condition | undefined {
    const conditions = readList(source[kind], pointer, this.mistakes, LIMITS.conditions)?.map(
      (inner, index) => this.condition(inner, at(pointer, index), depth + 1),
    );
    return conditions && { kind, conditions: conditions.filter((inner) => inner !== undefined) };
  }

  private leaf(
    kind: 'trait' | 'consent' | 'event' | 'sequence',
    value: unknown,
    pointer: string,
  ): Condition | undefined {
    if (kind === 'event') return readEvent(value, pointer, this.mistakes);
    if (kind === 'sequence') return readSequence(value, pointer, this.mistakes);
    if (kind === 'consent') return this.consent(value, pointer);
    const test = readTest(value, pointer, this.mistakes);
    return test && ({ kind, test } satisfies TraitLeaf);
  }

  private consent(value: unknown, pointer: string): ConsentLeaf | undefined {
    const source = readObject(value, pointer, ['channel', 'topic', 'is'], this.mistakes);
    if (!source) return undefined;
    const channel = readText(source.channel, at(pointer, 'channel'), this.mistakes, 100);
    const topic =
      source.topic === undefined
        ? undefined
        : readText(source.topic, at(pointer, 'topic'), this.mistakes, 100);
    const is = readChoice(source.is, ['granted', 'denied', 'unknown'], at(pointer, 'is'), this.mistakes);
    if (channel === undefined || is === undefined) return undefined;
    return { kind: 'consent', channel, ...(topic === undefined ? {} : { topic }), is };
  }
}
