import type { FieldError } from '@percorso/kernel';

const MAX_DEPTH = 64;
const UNSTORABLE = new RegExp(`${String.fromCharCode(0)}|\\p{Surrogate}`, 'u');

/** One step of an RFC 6901 pointer. */
export const pointerStep = (name: string | number): string =>
  `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** The first thing in a JSON value that no part of the hub can keep: too deep nesting, NUL, or half a surrogate pair. */
export function findUnstorable(value: unknown, pointer = '', depth = 0): FieldError | undefined {
  if (typeof value === 'string') return UNSTORABLE.test(value) ? characterError(pointer) : undefined;
  if (value === null || typeof value !== 'object') return undefined;
  if (depth >= MAX_DEPTH) {
    return { pointer, code: 'too-deep', message: `Nesting ends at ${MAX_DEPTH} levels.` };
  }
  for (const [name, inner] of Object.entries(value)) {
    const at = pointer + pointerStep(name);
    const found = UNSTORABLE.test(name) ? characterError(pointer) : findUnstorable(inner, at, depth + 1);
    if (found) return found;
  }
  return undefined;
}

const characterError = (pointer: string): FieldError => ({
  pointer,
  code: 'character-unsupported',
  message: 'The characters NUL and unpaired surrogates cannot be stored.',
});
