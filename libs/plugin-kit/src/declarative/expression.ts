import jsonata from 'jsonata';
import { BadPayload } from '../errors';
import { boundFunctions, type Moment } from './moment';

/** Bounds of one evaluation; the process as a whole has the host's. */
const LIMITS = { stack: 500, sequence: 100_000, timeout: 1000 };
const MAX_LENGTH = 65_536;

/** What is wrong with an expression, and where; undefined when nothing is. */
export function compileError(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  try {
    return mentionsEval(jsonata(text).ast()) ? '$eval is not available here' : undefined;
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number };
    return `is no JSONata: ${message ?? 'unknown'}${position === undefined ? '' : ` (at character ${position})`}`;
  }
}

/** `$eval` would run text that came with the data. */
function mentionsEval(root: unknown): boolean {
  const waiting = [root];
  const seen = new Set<unknown>();
  for (let node = waiting.pop(); node !== undefined || waiting.length > 0; node = waiting.pop()) {
    if (typeof node !== 'object' || node === null || seen.has(node)) continue;
    seen.add(node);
    const { type, value } = node as { type?: unknown; value?: unknown };
    if (type === 'variable' && value === 'eval') return true;
    waiting.push(...Object.values(node));
  }
  return false;
}

export type Input = Record<string, unknown>;
export type Evaluate = (input: Input, moment: Moment) => Promise<unknown>;

/** @throws BadPayload `expression-failed`; JSONata's own words may quote the data, so they stay here */
export function evaluator(text: string, at: string): Evaluate {
  const expression = jsonata(text, LIMITS);
  return async (input, { seed, at: time }) => {
    try {
      const bound = boundFunctions({ seed: `${at}\n${seed}`, at: time });
      const value: unknown = await expression.evaluate(input, bound);
      // Lists of JSONata's carry marks of its own.
      return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
    } catch (error) {
      const { code } = error as { code?: unknown };
      throw new BadPayload(
        'expression-failed',
        `${at} fails${typeof code === 'string' ? ` (${code})` : ''}.`,
      );
    }
  };
}
