import type { FieldError } from '@percorso/kernel';
import type { WrittenDefinition } from '../definition/definition';
import { LIMITS, parseDefinition } from '../definition/parse-definition';
import { Cursor, SyntaxMistake } from './cursor';
import { LEAVES } from './read-leaves';

type Json = Record<string, unknown>;

/** Line and column count from 1; a column is a UTF-16 unit, as editors count. */
export interface Place {
  line: number;
  column: number;
}

export interface TextMistake extends Place {
  code: string;
  message: string;
}

export type ParsedText =
  | {
      ok: true;
      /** The definition as JSON, and as evaluators see it. */
      source: object;
      definition: WrittenDefinition;
      /** Where in the text the JSON at this pointer comes from. */
      placeOf: (pointer: string) => Place;
    }
  | { ok: false; mistakes: TextMistake[] };

/** Longer texts are refused; parentheses beyond what a definition may nest are, too. */
export const LONGEST_TEXT = 500_000;
const DEEPEST = LIMITS.depth * 4;

/** Reads the text form of a definition. The README shows its grammar. */
export function parseText(text: string): ParsedText {
  const read = readText(text, readDefinition);
  if ('mistake' in read) return { ok: false, mistakes: [read.mistake] };
  const { source, placeOf } = read;
  const parsed = parseDefinition(source);
  if (parsed.ok) return { ok: true, source, definition: parsed.definition, placeOf };
  return { ok: false, mistakes: mistakesIn(parsed.errors, placeOf) };
}

/** Mistakes of the JSON, where in the text it came from. */
export const mistakesIn = (
  errors: readonly FieldError[],
  placeOf: (pointer: string) => Place,
): TextMistake[] => errors.map(({ pointer, code, message }) => ({ ...placeOf(pointer), code, message }));

/** The JSON that `read` makes of a text, and where in the text each piece of it comes from; or where it is no such text. */
export function readText(
  text: string,
  read: (cursor: Cursor) => Json,
): { source: Json; placeOf: (pointer: string) => Place } | { mistake: TextMistake; at: number } {
  const placed = (at: number): Place => {
    const before = text.slice(0, at).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  };
  const cursor = new Cursor(text);
  try {
    const source = read(cursor);
    return { source, placeOf: (pointer) => placed(offsetOf(source, pointer, cursor)) };
  } catch (error) {
    if (!(error instanceof SyntaxMistake)) throw error;
    const { at, message } = error;
    return { mistake: { ...placed(at), code: 'syntax', message }, at };
  }
}

/** Of the pieces of JSON on the way to `pointer`, the last whose place is known. */
function offsetOf(source: Json, pointer: string, cursor: Cursor): number {
  let place = 0;
  let json: unknown = source;
  for (const key of pointer.split('/').slice(1)) {
    if (json === null || typeof json !== 'object') break;
    json = (json as Json)[key];
    if (json !== null && typeof json === 'object') place = cursor.placeOf(json) ?? place;
  }
  return place;
}

export function readDefinition(cursor: Cursor): Json {
  const where = readAny(cursor, 0);
  if (cursor.next.kind !== 'end') cursor.fail('expected and, or, or the end');
  return { version: 1, where };
}

function readAny(cursor: Cursor, depth: number): Json {
  return joined(cursor, 'or', 'any', () => joined(cursor, 'and', 'all', () => readNot(cursor, depth)));
}

/** One condition stands for itself; several become a list. */
function joined(cursor: Cursor, word: string, kind: 'all' | 'any', read: () => Json): Json {
  return cursor.placed(() => {
    const first = read();
    if (!cursor.sees(word)) return first;
    const conditions = [first];
    while (cursor.skips(word)) conditions.push(read());
    return { [kind]: conditions };
  });
}

function readNot(cursor: Cursor, depth: number): Json {
  if (depth > DEEPEST) cursor.fail(`parentheses may nest ${DEEPEST} deep at most`);
  return cursor.placed(() => {
    if (cursor.skips('not')) return { not: readNot(cursor, depth + 1) };
    if (cursor.skips('(')) {
      const inner = readAny(cursor, depth + 1);
      cursor.expect(')');
      return inner;
    }
    for (const kind of ['all', 'any'] as const) {
      if (!cursor.skips(kind)) continue;
      cursor.expect('(');
      return { [kind]: cursor.list(() => readAny(cursor, depth + 1), ')') };
    }
    return readLeaf(cursor, depth);
  });
}

function readLeaf(cursor: Cursor, depth: number): Json {
  const { kind, text } = cursor.next;
  const read = kind === 'word' && Object.hasOwn(LEAVES, text) ? LEAVES[text] : undefined;
  if (!read) return cursor.fail(`expected a condition: ${Object.keys(LEAVES).join(', ')}, not, all or any`);
  cursor.take();
  return read(cursor, () => readAny(cursor, depth + 1));
}
