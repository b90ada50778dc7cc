import type { FieldError } from '@percorso/kernel';

/** Collects every mistake of one document, each with its JSON pointer. */
export class Mistakes {
  readonly errors: FieldError[] = [];

  add(pointer: string, code: string, message: string): undefined {
    this.errors.push({ pointer, code, message });
    return undefined;
  }
}

export type JsonObject = Record<string, unknown>;

export const at = (pointer: string, key: string | number): string =>
  `${pointer}/${String(key).replace(/~/g, '~0').replace(/\//g, '~1')}`;

/** The object at `pointer` with no fields but `allowed`; undefined (and noted) when it is none. */
export function readObject(
  value: unknown,
  pointer: string,
  allowed: readonly string[],
  mistakes: Mistakes,
): JsonObject | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return mistakes.add(pointer, value === undefined ? 'required' : 'type', 'must be an object');
  }
  for (const key of Object.keys(value)) {
    if (!allowed.includes(key)) {
      mistakes.add(at(pointer, key), 'unknown-field', `is not known here; known are ${allowed.join(', ')}`);
    }
  }
  return value as JsonObject;
}

export function readText(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
  longest = 1000,
): string | undefined {
  if (typeof value !== 'string') {
    return mistakes.add(pointer, value === undefined ? 'required' : 'type', 'must be a string');
  }
  if (value === '') return mistakes.add(pointer, 'empty', 'must not be empty');
  if (value.length > longest)
    return mistakes.add(pointer, 'too-long', `must have at most ${longest} characters`);
  return value;
}

export function readChoice<T extends string>(
  value: unknown,
  choices: readonly T[],
  pointer: string,
  mistakes: Mistakes,
): T | undefined {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  return mistakes.add(
    pointer,
    value === undefined ? 'required' : 'choice',
    `must be one of ${choices.join(', ')}`,
  );
}

export function readList(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
  most: number,
): unknown[] | undefined {
  if (!Array.isArray(value)) {
    return mistakes.add(pointer, value === undefined ? 'required' : 'type', 'must be a list');
  }
  if (value.length === 0) return mistakes.add(pointer, 'empty', 'must have at least one item');
  if (value.length > most) return mistakes.add(pointer, 'too-many', `must have at most ${most} items`);
  return value;
}
