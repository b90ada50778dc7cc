import { type RowAnswer, MAX_ROW_TEXT } from './child-protocol';
import { beginRow, rowCpuMs, TIMEOUT } from './compiled/runtime/signals';
import { describeError } from './compile-expression';
import type { MappingError } from './mapping-result';
import type { PreparedMapping } from './prepared-mapping';
import { bindRow } from './row-binding';

const NOT_DATA = /"_jsonata_(?:function|lambda)"/;

/** Tries of a row that runs out of time without having had the processor for it. */
const STARVED = 10;

export interface RowToMap {
  document: unknown;
  seed: string;
  /** The moment the mapping sees, Unix milliseconds. */
  at: number;
}

/**
 * Maps one document: at once by the compiled form where there is one, and by stock JSONata where that fails, for it
 * alone knows which of several errors is the one to tell. The deadline is one of the clock: a row that did not have the
 * processor for so long is tried again, and any once, since what runs for the first time is slow.
 */
export function evaluateRow(
  mapping: PreparedMapping,
  row: RowToMap,
  timeoutMs: number,
): RowAnswer | Promise<RowAnswer> {
  const { compiled } = mapping;
  for (let attempt = 1; compiled; attempt++) {
    const outcome = runCompiled(compiled, row, timeoutMs);
    if (!outcome) break;
    if (!('late' in outcome)) return outcome;
    if (!isTriedAgain(outcome, attempt, timeoutMs)) return { error: outcome.late };
  }
  return evaluateByStock(mapping.stock, row, timeoutMs);
}

async function evaluateByStock(
  stock: PreparedMapping['stock'],
  row: RowToMap,
  timeoutMs: number,
): Promise<RowAnswer> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await runStock(stock, row);
    if (!('late' in outcome)) return outcome;
    if (!isTriedAgain(outcome, attempt, timeoutMs)) return { error: outcome.late };
  }
}

interface Late {
  late: MappingError;
  cpuMs: number;
}

const isTriedAgain = ({ cpuMs }: Late, attempt: number, timeoutMs: number): boolean =>
  attempt < (cpuMs < timeoutMs ? STARVED : 2);

/** What one try of a row came to. */
export type Outcome = RowAnswer | Late;

const LATE: MappingError = { code: 'mapping-timeout', message: 'The row ran out of time.' };

/** undefined where stock JSONata is to answer. */
export function runCompiled(
  { run, showsFunctions }: NonNullable<PreparedMapping['compiled']>,
  { document, seed, at }: RowToMap,
  timeoutMs: number,
): Outcome | undefined {
  bindRow(seed, at);
  beginRow(at, timeoutMs);
  try {
    const output = run(document);
    return showsFunctions && holdsFunction(output) ? undefined : toAnswer(output);
  } catch (error) {
    return error === TIMEOUT ? { late: LATE, cpuMs: rowCpuMs() } : undefined;
  }
}

export async function runStock(
  stock: PreparedMapping['stock'],
  { document, seed, at }: RowToMap,
): Promise<Outcome> {
  bindRow(seed, at);
  const before = process.cpuUsage();
  try {
    return toAnswer(await stock.evaluate(document));
  } catch (error) {
    const detail = describeError(error);
    if (detail.code !== 'mapping-timeout') return { error: detail };
    const { user, system } = process.cpuUsage(before);
    return { late: detail, cpuMs: (user + system) / 1000 };
  }
}

function holdsFunction(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'function';
  return Object.values(value).some(holdsFunction);
}

/** An output as JSON text, or why it is none. */
export function toAnswer(output: unknown): RowAnswer {
  if (output === undefined) return {};
  let text: string | undefined;
  try {
    text = JSON.stringify(output);
    // Texts that begin with what is rare are found, or not, at little cost.
    if (text?.includes('__proto__"')) text = JSON.stringify(withoutProto(output));
    if (text?.includes('_jsonata_') && NOT_DATA.test(text)) text = undefined;
  } catch {
    text = undefined;
  }
  if (text === undefined) {
    return {
      error: { code: 'mapping-output-not-json', message: 'The output holds something that is not JSON.' },
    };
  }
  if (text.length > MAX_ROW_TEXT) {
    return {
      error: {
        code: 'mapping-output-too-large',
        message: `The output has more than ${MAX_ROW_TEXT} characters.`,
      },
    };
  }
  return { text };
}

// An own `__proto__` key would set a prototype wherever the output is merged or assigned.
function withoutProto(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutProto);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      key === '__proto__' ? [] : [[key, withoutProto(inner)]],
    ),
  );
}
