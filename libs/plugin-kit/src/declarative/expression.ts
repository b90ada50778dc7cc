import jsonata, { type Expression } from 'jsonata';

/** Bounds of one evaluation; the process as a whole has the host's. */
const LIMITS = { stack: 500, sequence: 100_000, timeout: 1000 };
const MAX_LENGTH = 65_536;

/** `$eval` would run text that came with the data; by the others the same effect would be sent differently twice. */
const REFUSED = new Set(['eval', 'random', 'shuffle']);

/** What is wrong with an expression, and where; undefined when nothing is. */
export function compileError(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  try {
    const refused = findRefused(jsonata(text).ast());
    return refused === undefined ? undefined : `$${refused} is not available here`;
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number };
    return `is no JSONata: ${message ?? 'unknown'}${position === undefined ? '' : ` (at character ${position})`}`;
  }
}

export const compile = (text: string): Expression => jsonata(text, LIMITS);

function findRefused(root: unknown): string | undefined {
  const waiting = [root];
  const seen = new Set<unknown>();
  for (let node = waiting.pop(); node !== undefined || waiting.length > 0; node = waiting.pop()) {
    if (typeof node !== 'object' || node === null || seen.has(node)) continue;
    seen.add(node);
    const { type, value } = node as { type?: unknown; value?: unknown };
    if (type === 'variable' && REFUSED.has(String(value))) return String(value);
    waiting.push(...Object.values(node));
  }
  return undefined;
}
