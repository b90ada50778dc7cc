import jsonata, { type Expression } from 'jsonata';
import { MAX_EXPRESSION, type MappingError } from './mapping-result';

const LIMITS = { stack: 500, sequence: 100_000 };

/** A mapping that does not compile: carries what the author needs to mend it. */
export class CompileError extends Error {
  override readonly name = 'CompileError';

  constructor(readonly detail: MappingError) {
    super(detail.message);
  }
}

/** The error object JSONata throws (a plain object), in Percorso's shape. */
export function describeError(error: unknown): MappingError {
  const { code, message, position } = (error ?? {}) as Partial<MappingError>;
  if (code === 'D1012') return { code: 'mapping-timeout', message: message ?? 'The row ran out of time.' };
  return {
    code: typeof code === 'string' ? code : 'mapping-failed',
    message: typeof message === 'string' ? message : 'The expression failed.',
    ...(typeof position === 'number' ? { position } : {}),
  };
}

/** Compiles with JSONata's guard rails; `$eval` is refused, since it would compile text that came with the data. */
export function compileExpression(expression: string, timeoutMs: number): Expression {
  if (expression.length > MAX_EXPRESSION) {
    throw new CompileError({
      code: 'mapping-too-long',
      message: `An expression has at most ${MAX_EXPRESSION} characters.`,
    });
  }
  let compiled: Expression;
  try {
    compiled = jsonata(expression, { ...LIMITS, timeout: timeoutMs });
  } catch (error) {
    throw new CompileError(describeError(error));
  }
  const refused = findEval(compiled.ast());
  if (refused) {
    throw new CompileError({
      code: 'mapping-eval',
      message: '$eval is not available in mappings.',
      ...(refused.position === undefined ? {} : { position: refused.position }),
    });
  }
  return compiled;
}

function findEval(root: unknown): { position?: number } | undefined {
  const waiting: unknown[] = [root];
  const seen = new Set<unknown>();
  while (waiting.length > 0) {
    const node = waiting.pop();
    if (node === null || typeof node !== 'object' || seen.has(node)) continue;
    seen.add(node);
    const { type, value, position } = node as { type?: unknown; value?: unknown; position?: number };
    if (type === 'variable' && value === 'eval') return { position };
    waiting.push(...Object.values(node));
  }
  return undefined;
}
