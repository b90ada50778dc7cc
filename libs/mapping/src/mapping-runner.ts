import { Problem } from '@percorso/kernel';
import { type ChildAnswer, type ChildRequest, MAX_ROW_TEXT, type RowAnswer } from './child-protocol';
import { READS_EVERYTHING } from './fields-read';
import { MappingPool } from './mapping-pool';
import type { Death } from './mapping-process';
import type { CompileResult, FieldRead, MappingError, MappingResult, RowBinding } from './mapping-result';

const BATCH = 200;
/** Expressions of which the fields they read are remembered. */
const KNOWN_READS = 1000;
/** Processes that may die one after the other, no row answered in between, before the rest is not tried. */
const PARK_AFTER = 5;

const DEATHS: Record<Death, string> = {
  'mapping-timeout': 'The row ran out of time and its process was ended.',
  'mapping-memory': 'The row took more memory than a mapping may and its process was ended.',
  'mapping-crashed': 'The process that evaluated the row ended.',
};

export interface RunOptions {
  /** One per document; without it a row is seeded by its index and sees the time of the call. */
  bindings?: RowBinding[];
  /** Time one row may take before JSONata gives up on it. @default 250 */
  deadlineMs?: number;
}

export interface MappingRunnerOptions {
  /** Silence after which a child is killed. @default 1000 */
  hardMs?: number;
  /** Memory a child may hold. @default 402653184 */
  memoryBytes?: number;
  processes?: number;
  /** Whether mappings run compiled where they can; else all run on stock JSONata. @default true */
  compiled?: boolean;
}

/** Evaluates administrators' expressions in child processes; whatever they do, every row gets an answer. */
export class MappingRunner {
  private readonly pool: MappingPool;
  private readonly reads = new Map<string, readonly FieldRead[]>();

  private readonly stockOnly: boolean;

  constructor(options: MappingRunnerOptions = {}) {
    this.stockOnly = options.compiled === false;
    this.pool = new MappingPool(
      { hardMs: options.hardMs ?? 1000, memoryBytes: options.memoryBytes ?? 384 * 1024 * 1024 },
      options.processes,
    );
  }

  /** One result per document, in their order. */
  async run(
    expression: string,
    documents: readonly object[],
    options: RunOptions = {},
  ): Promise<MappingResult[]> {
    const now = new Date();
    const rows = documents.map((document, index) => ({
      index,
      text: JSON.stringify(document),
      seed: options.bindings?.[index]?.seed ?? String(index),
      at: (options.bindings?.[index]?.at ?? now).getTime(),
    }));
    const answers = new Array<RowAnswer | undefined>(rows.length);
    const batches: Row[][] = [];
    const fit = rows.filter((row) => {
      if (row.text.length <= MAX_ROW_TEXT) return true;
      answers[row.index] = {
        error: {
          code: 'mapping-input-too-large',
          message: `The document has more than ${MAX_ROW_TEXT} characters.`,
        },
      };
      return false;
    });
    for (let from = 0; from < fit.length; from += BATCH) batches.push(fit.slice(from, from + BATCH));
    await Promise.all(
      batches.map((batch) => this.runBatch(expression, batch, answers, options.deadlineMs ?? 250)),
    );
    return answers.map(toResult);
  }

  /** Whether `expression` compiles, and what is wrong where. Parsing happens in the child too. */
  async compileCheck(expression: string): Promise<CompileResult> {
    const answer = await this.ask({ kind: 'check', expression });
    const errors =
      typeof answer === 'string' ? [deathOf(answer)] : answer.kind === 'checked' ? answer.errors : [];
    return errors.length === 0 ? { valid: true } : { valid: false, errors };
  }

  /**
   * Which fields `expression` may read of its documents, never fewer than it does: all of them where it does not
   * compile, or cannot be followed.
   */
  async fieldsRead(expression: string): Promise<readonly FieldRead[]> {
    const known = this.reads.get(expression);
    if (known) return known;
    const answer = await this.ask({ kind: 'reads', expression });
    if (typeof answer === 'string' || answer.kind !== 'reads') return READS_EVERYTHING;
    if (this.reads.size >= KNOWN_READS) this.reads.clear();
    this.reads.set(expression, answer.reads);
    return answer.reads;
  }

  close(): void {
    this.pool.close();
  }

  /** The one answer to a request about an expression, or how the process died over it. */
  private ask(request: ChildRequest & { kind: 'check' | 'reads' }): Promise<ChildAnswer | Death> {
    return this.pool.use(async (process) => {
      const answered = new Promise<ChildAnswer>((resolve) => process.request(request, resolve));
      const result = await Promise.race([answered, process.died]);
      process.rest();
      return { result, alive: typeof result !== 'string' };
    });
  }

  private async runBatch(
    expression: string,
    batch: Row[],
    answers: (RowAnswer | undefined)[],
    timeoutMs: number,
  ): Promise<void> {
    let open = batch;
    let deaths = 0;
    // Most mappings do not tell their rows: only where a process has died over them.
    let careful = false;
    while (open.length > 0) {
      const sent = open;
      let answered = 0;
      const outcome = await this.pool.use((process) => {
        const finished = new Promise<'done'>((resolve) =>
          process.request(
            {
              kind: 'map',
              expression,
              documents: `[${sent.map((row) => row.text).join(',')}]`,
              seeds: sent.map((row) => row.seed),
              at: sent.map((row) => row.at),
              timeoutMs,
              careful,
              stockOnly: this.stockOnly,
            },
            (answer: ChildAnswer) => {
              if (answer.kind !== 'rows') return;
              for (const one of answer.answers) answers[rowAt(sent, answered++).index] = one;
              if (answer.done) resolve('done');
            },
          ),
        );
        return Promise.race([finished, process.died]).then((how) => {
          process.rest();
          return { result: { how, started: process.started }, alive: how === 'done' };
        });
      });
      if (outcome.how === 'done') return;
      if (outcome.started === 0 && !careful) {
        careful = true;
        open = sent.slice(answered);
        continue;
      }
      deaths = answered > 0 || outcome.started > 1 ? 1 : deaths + 1;
      // The row begun last is the one that ended the process; begun none, it was the expression itself.
      const culprits = outcome.started === 0 ? sent.slice(answered) : [rowAt(sent, outcome.started - 1)];
      for (const row of culprits) answers[row.index] ??= { error: deathOf(outcome.how) };
      open = sent.filter((row) => answers[row.index] === undefined);
      if (deaths >= PARK_AFTER) {
        for (const row of open) answers[row.index] = { error: PARKED };
        return;
      }
    }
  }
}

interface Row {
  index: number;
  text: string;
  seed: string;
  at: number;
}

const PARKED: MappingError = {
  code: 'mapping-parked',
  message: 'Not tried: the mapping ended its process on every row just before.',
};

const deathOf = (death: Death): MappingError => ({ code: death, message: DEATHS[death] });

function rowAt(rows: Row[], index: number): Row {
  const row = rows[index];
  if (!row) throw lost();
  return row;
}

function lost(): Problem {
  return new Problem({
    status: 500,
    code: 'mapping-protocol',
    title: 'A mapping process answered out of turn',
  });
}

function toResult(answer: RowAnswer | undefined): MappingResult {
  if (!answer) throw lost();
  if ('error' in answer) return { error: answer.error };
  return { output: answer.text === undefined ? undefined : (JSON.parse(answer.text) as unknown) };
}
