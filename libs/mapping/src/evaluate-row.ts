import type { Expression } from 'jsonata';
import { type RowAnswer, MAX_ROW_TEXT } from './child-protocol';
import { describeError } from './compile-expression';
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
 * Maps one document. JSONata's deadline is one of the clock: a row that did not have the processor for so long is tried
 * again, and any once, since what runs for the first time is slow.
 */
export async function evaluateRow(
  compiled: Expression,
  { document, seed, at }: RowToMap,
  timeoutMs: number,
): Promise<RowAnswer> {
  for (let attempt = 1; ; attempt++) {
    bindRow(seed, at);
    const before = process.cpuUsage();
    try {
      return toText(await compiled.evaluate(document));
    } catch (error) {
      const detail = describeError(error);
      const { user, system } = process.cpuUsage(before);
      const tries = (user + system) / 1000 < timeoutMs ? STARVED : 2;
      if (detail.code !== 'mapping-timeout' || attempt >= tries) return { error: detail };
    }
  }
}

function toText(output: unknown): RowAnswer {
  if (output === undefined) return {};
  let text: string | undefined;
  try {
    text = JSON.stringify(output);
    if (text?.includes('"__proto__"')) text = JSON.stringify(withoutProto(output));
  } catch {
    text = undefined;
  }
  if (text === undefined || NOT_DATA.test(text)) {
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
