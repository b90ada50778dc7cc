import type { Expression } from 'jsonata';
import { type CompiledMapping, tryCompile } from './compiled/compile-mapping';
import { loadNatives } from './compiled/runtime/natives';
import { compileExpression } from './compile-expression';

/** A mapping ready to run. */
export interface PreparedMapping {
  stock: Expression;
  /** The same as JavaScript; without it every row runs on stock JSONata. */
  compiled?: CompiledMapping;
  /** Why there is none: what the expression uses that is not compiled. */
  refused?: string;
}

/** Compiles an expression once for all its rows; throws `CompileError` for one that is none. */
export async function prepareMapping(expression: string, timeoutMs: number): Promise<PreparedMapping> {
  const stock = compileExpression(expression, timeoutMs);
  const outcome = tryCompile(stock.ast(), await loadNatives());
  return 'refused' in outcome ? { stock, refused: outcome.refused } : { stock, compiled: outcome };
}

/** JSONata takes objects with its own marks for functions; such documents are for stock code, whatever it makes of them. */
export const hasMarks = (documents: string): boolean => documents.includes('_jsonata_');
