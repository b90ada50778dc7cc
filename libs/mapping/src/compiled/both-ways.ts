import jsonata, { type Expression } from 'jsonata';
import { type Outcome, runCompiled, runStock } from '../evaluate-row';
import { type CompiledMapping, tryCompile } from './compile-mapping';
import { loadNatives } from './runtime/natives';
import { MAX_SEQUENCE } from './runtime/signals';

/** For specs: what one document gave on stock JSONata, and compiled: undefined where that asks stock JSONata. */
export interface BothWays {
  stock: Outcome;
  compiled: Outcome | undefined;
}

const BINDING = { seed: 'spec', at: Date.UTC(2026, 10, 25, 9) };
const realDate = globalThis.Date;
const realRandom = Math.random;

/** An expression made ready for both ways; compilation may be refused with a reason. Throws what the parser throws. */
export class Comparison {
  private constructor(
    private readonly stock: Expression,
    private readonly timeoutMs: number,
    private readonly compiled: CompiledMapping | undefined,
    readonly refused: string | undefined,
  ) {}

  static async of(expression: string, timeoutMs = 20_000): Promise<Comparison> {
    const stock = jsonata(expression, { sequence: MAX_SEQUENCE, timeout: timeoutMs });
    const outcome = tryCompile(stock.ast(), await loadNatives());
    return 'refused' in outcome
      ? new Comparison(stock, timeoutMs, undefined, outcome.refused)
      : new Comparison(stock, timeoutMs, outcome, undefined);
  }

  /** `document` is JSON text, undefined for none: each way gets its own copy. */
  async run(document: string | undefined): Promise<BothWays> {
    const row = () => ({
      ...BINDING,
      document: document === undefined ? undefined : (JSON.parse(document) as unknown),
    });
    try {
      return {
        compiled: this.compiled && runCompiled(this.compiled, row(), this.timeoutMs),
        stock: await runStock(this.stock, row()),
      };
    } finally {
      globalThis.Date = realDate;
      Math.random = realRandom;
    }
  }
}
