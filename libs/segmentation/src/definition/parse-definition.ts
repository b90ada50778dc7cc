import type { FieldError } from '@percorso/kernel';
import type { Condition, WrittenDefinition, WrittenLeaf, WrittenPersonLeaf } from './definition';
import { readAccount, readAccountMember, readImported } from './parse-account';
import { readEvent } from './parse-event';
import { readAudience, readCalendar, readConsent, readIdentity, readSample } from './parse-profile-leaf';
import { readSequence } from './parse-sequence';
import { readTest } from './parse-test';
import { at, type JsonObject, Mistakes, readList, readObject } from './reader';

export type ParsedDefinition =
  { ok: true; definition: WrittenDefinition } | { ok: false; errors: FieldError[] };

/** All and any may hold this many conditions; conditions may nest this deep; a definition may have this many leaves. */
export const LIMITS = { conditions: 200, depth: 64, leaves: 200 } as const;

type ReadLeaf = (value: unknown, pointer: string, mistakes: Mistakes) => WrittenLeaf | undefined;

const LEAVES = {
  trait: (value, pointer, mistakes) => {
    const test = readTest(value, pointer, mistakes, true);
    return test && { kind: 'trait', test };
  },
  identity: readIdentity,
  consent: readConsent,
  account: readAccount,
  calendar: readCalendar,
  sample: readSample,
  event: readEvent,
  sequence: readSequence,
  audience: readAudience,
  imported: readImported,
} satisfies Record<string, ReadLeaf>;

const KINDS = [
  'all',
  'any',
  'not',
  'accountMember',
  ...(Object.keys(LEAVES) as (keyof typeof LEAVES)[]),
] as const;

/** Reads a definition of language version 1; finds every mistake, not only the first. */
export function parseDefinition(json: unknown): ParsedDefinition {
  const mistakes = new Mistakes();
  const source = readObject(json, '', ['version', 'where'], mistakes);
  if (source && source.version !== 1) {
    mistakes.add('/version', source.version === undefined ? 'required' : 'choice', 'must be 1');
  }
  const where = source && readCondition(source.where, '/where', mistakes);
  const { errors } = mistakes;
  return where && errors.length === 0
    ? { ok: true, definition: { version: 1, where } }
    : { ok: false, errors };
}

/** A condition that stands at `pointer` of some document, with limits of its own. */
export function readCondition(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): Condition<WrittenLeaf> | undefined {
  const reading = new Reading(mistakes);
  const condition = reading.condition(value, pointer, 1);
  if (condition && reading.leaves > LIMITS.leaves) {
    mistakes.add(pointer, 'too-many', `must have at most ${LIMITS.leaves} conditions on data`);
  }
  return condition;
}

class Reading {
  leaves = 0;
  /** Whether what is read is asked of another member of an account. */
  private ofMember = false;

  constructor(private readonly mistakes: Mistakes) {}

  condition(value: unknown, pointer: string, depth: number): Condition<WrittenLeaf> | undefined {
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
    if (kind === 'accountMember') return this.member(source.accountMember, place, depth);
    return LEAVES[kind](source[kind], place, this.mistakes);
  }

  private member(value: unknown, pointer: string, depth: number): WrittenLeaf | undefined {
    if (this.ofMember) {
      return this.mistakes.add(pointer, 'nested', 'must not stand inside another accountMember');
    }
    this.ofMember = true;
    const leaf = readAccountMember(
      value,
      pointer,
      this.mistakes,
      (where, place) => this.condition(where, place, depth + 1) as Condition<WrittenPersonLeaf> | undefined,
    );
    this.ofMember = false;
    return leaf;
  }

  private list(
    kind: 'all' | 'any',
    source: JsonObject,
    pointer: string,
    depth: number,
  ): Condition<WrittenLeaf> | undefined {
    const conditions = readList(source[kind], pointer, this.mistakes, LIMITS.conditions)?.map(
      (inner, index) => this.condition(inner, at(pointer, index), depth + 1),
    );
    return conditions && { kind, conditions: conditions.filter((inner) => inner !== undefined) };
  }
}
