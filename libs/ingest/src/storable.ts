import { pointerStep } from '@percorso/access';
import { MAX_DEPTH } from './limits';
import type { Refusal } from './ingest-item';

// JSON.parse makes them from escapes; PostgreSQL's jsonb and ClickHouse's JSON take neither.
const UNSTORABLE = new RegExp(`${String.fromCharCode(0)}|\\p{Surrogate}`, 'u');

const badText = (pointer: string): Refusal => ({
  code: 'character-unsupported',
  reason: 'NUL and unpaired surrogates cannot be stored.',
  pointer,
});

function badNumber(value: number, pointer: string): Refusal | undefined {
  // Beyond 2^53 JSON.parse has already rounded: what would be stored is not what was sent.
  if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return undefined;
  return {
    code: 'number-inexact',
    reason: 'Integers beyond 2^53 and numbers out of range are not exact: send them as text.',
    pointer,
  };
}

/** The first value or key inside a parsed JSON value that could not be kept exactly as it was sent. */
export function findUnstorable(value: unknown, pointer = '', level = 1): Refusal | undefined {
  if (typeof value === 'string') return UNSTORABLE.test(value) ? badText(pointer) : undefined;
  if (typeof value === 'number') return badNumber(value, pointer);
  if (typeof value !== 'object' || value === null) return undefined;
  if (level > MAX_DEPTH) {
    return { code: 'too-deep', reason: `Nesting may have ${MAX_DEPTH} levels.`, pointer };
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__')
      return { code: 'key-forbidden', reason: 'A key may not be "__proto__".', pointer };
    if (UNSTORABLE.test(key)) return badText(pointer);
    const inner = (value as Record<string, unknown>)[key];
    // The pointer is text to build: only for what can hold a fault.
    if (typeof inner === 'boolean' || inner === null) continue;
    if (typeof inner === 'string' && !UNSTORABLE.test(inner)) continue;
    const found = findUnstorable(inner, pointer + pointerStep(key), level + 1);
    if (found) return found;
  }
  return undefined;
}
