import { at, type JsonObject, type Mistakes, readObject, readText } from '@percorso/segmentation';
import { MAX_EXPRESSION } from '@percorso/mapping';
import { isId } from '@percorso/kernel';

/** How many there may be of what a journey is made of. */
export const LIMITS = {
  bytes: 262_144,
  steps: 500,
  entries: 20,
  exits: 50,
  arms: 50,
  branches: 20,
  /** Of one loop, and of loops that stand in one another together. */
  times: 10_000,
  /** Bodies of loops and branches inside one another. */
  nesting: 8,
  /** Of parallel branches that one instance can be walking at once. */
  tokens: 100,
  names: 100,
} as const;

/** Letters and digits first: no name may be one that objects have of their own. */
export const STEP_ID = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$';
export const CONTEXT_NAME = '^[A-Za-z][A-Za-z0-9_]{0,62}$';
export const TRAIT_NAME = '^(?!__proto__$)';
export const LONGEST_NAME = 200;

export function readPattern(
  value: unknown,
  pattern: string,
  pointer: string,
  mistakes: Mistakes,
  words: string,
): string | undefined {
  const text = readText(value, pointer, mistakes, LONGEST_NAME);
  if (text === undefined || new RegExp(pattern).test(text)) return text;
  return mistakes.add(pointer, 'pattern', `must be ${words}`);
}

export const readStepId = (value: unknown, pointer: string, mistakes: Mistakes): string | undefined =>
  readPattern(
    value,
    STEP_ID,
    pointer,
    mistakes,
    'the id of a step: letters, digits, _ . and -, at most 64, a letter or digit first',
  );

export const readContextName = (value: unknown, pointer: string, mistakes: Mistakes): string | undefined =>
  readPattern(
    value,
    CONTEXT_NAME,
    pointer,
    mistakes,
    'a name in the context: letters, digits and _, at most 63, a letter first',
  );

export const readExpression = (value: unknown, pointer: string, mistakes: Mistakes): string | undefined =>
  readText(value, pointer, mistakes, MAX_EXPRESSION);

/** {jsonata}. */
export function readJsonata(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): { jsonata: string } | undefined {
  const source = readObject(value, pointer, ['jsonata'], mistakes);
  const jsonata = source && readExpression(source.jsonata, at(pointer, 'jsonata'), mistakes);
  return jsonata === undefined ? undefined : { jsonata };
}

/** Names and the JSONata that gives their values; nothing where it is left out. */
export function readExpressions(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
  readName = readContextName,
): Record<string, string> | undefined {
  if (value === undefined) return {};
  const source = readMap(value, pointer, mistakes, LIMITS.names);
  if (!source) return undefined;
  const read = Object.entries(source).map(([name, expression]) => {
    const place = at(pointer, name);
    readName(name, place, mistakes);
    return [name, readExpression(expression, place, mistakes) ?? ''] as const;
  });
  return Object.fromEntries(read);
}

/** An object whose keys are names of the writer's choice: at least one, at most `most`. */
export function readMap(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
  most: number,
): JsonObject | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return mistakes.add(pointer, value === undefined ? 'required' : 'type', 'must be an object');
  }
  const { length } = Object.keys(value);
  if (length === 0) return mistakes.add(pointer, 'empty', 'must name at least one');
  if (length > most) return mistakes.add(pointer, 'too-many', `must name at most ${most}`);
  return value as JsonObject;
}

export function readWhole(
  value: unknown,
  [least, most]: readonly [number, number],
  pointer: string,
  mistakes: Mistakes,
): number | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const code = value === undefined ? 'required' : typeof value === 'number' ? 'range' : 'type';
  return mistakes.add(pointer, code, `must be a whole number, ${least} to ${most}`);
}

export function readFlag(value: unknown, pointer: string, mistakes: Mistakes): boolean | undefined {
  return typeof value === 'boolean' ? value : mistakes.add(pointer, 'type', 'must be true or false');
}

export function readId(value: unknown, of: string, pointer: string, mistakes: Mistakes): string | undefined {
  if (isId(value)) return value;
  const code = value === undefined ? 'required' : 'id';
  return mistakes.add(pointer, code, `must be the id of ${of}, a lower-case UUID`);
}

/** Notes whoever says what another before it says; both are given as they were read. */
export function noteRepeated(
  said: readonly unknown[],
  place: (index: number) => string,
  mistakes: Mistakes,
): void {
  const seen = new Set<string>();
  said.forEach((one, index) => {
    if (one === undefined) return;
    const text = JSON.stringify(one);
    if (seen.has(text)) mistakes.add(place(index), 'duplicate', 'is there already');
    seen.add(text);
  });
}

/** What is read of an optional field; `otherwise` where it is left out. */
export const optional = <T>(value: unknown, otherwise: T, read: () => T | undefined): T | undefined =>
  value === undefined ? otherwise : read();
