import { writeSync } from 'node:fs';
import { ALIVE, type ChildAnswer, type MarkedRequest, PROGRESS_FD, type RowAnswer } from './child-protocol';
import { CompileError, compileExpression } from './compile-expression';
import { evaluateRow } from './evaluate-row';
import { fieldsRead, READS_EVERYTHING } from './fields-read';
import type { MappingError } from './mapping-result';
import { hasMarks, type PreparedMapping, prepareMapping } from './prepared-mapping';

const CACHED = 50;
const PIECE = 50;
/** Milliseconds after which a batch that goes well gives a sign of life. */
const SIGN_MS = 20;
/** After so many rows in a row that ran out of time, the rest of the batch is not tried. */
const PARK_AFTER = 5;
const PARKED: MappingError = {
  code: 'mapping-parked',
  message: 'Not tried: the mapping ran out of time on every row just before.',
};

const prepared = new Map<string, PreparedMapping>();
const alive = Buffer.from([ALIVE]);

async function prepare(expression: string, timeoutMs: number): Promise<PreparedMapping> {
  const known = prepared.get(expression);
  if (known) return known;
  const fresh = await prepareMapping(expression, timeoutMs);
  if (prepared.size >= CACHED) prepared.clear();
  prepared.set(expression, fresh);
  return fresh;
}

function tell(what: Buffer): void {
  for (;;) {
    try {
      writeSync(PROGRESS_FD, what);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') throw error;
    }
  }
}

const answer = (message: ChildAnswer): void => {
  process.send?.(message);
};

async function map(request: MarkedRequest & { kind: 'map' }): Promise<void> {
  const started = Buffer.from([request.mark]);
  const documents = JSON.parse(request.documents) as unknown[];
  let mapping: PreparedMapping;
  try {
    mapping = await prepare(request.expression, request.timeoutMs);
    if (request.stockOnly || hasMarks(request.documents)) mapping = { stock: mapping.stock };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    answer({ kind: 'rows', answers: documents.map(() => ({ error: error.detail })), done: true });
    return;
  }
  let piece: RowAnswer[] = [];
  let late = 0;
  let told = 0;
  for (const [index, document] of documents.entries()) {
    if (late >= PARK_AFTER) {
      piece.push({ error: PARKED });
      continue;
    }
    // Telling a row costs as much as mapping it: not for mappings that end by themselves.
    if (request.careful || !mapping.compiled?.counted) tell(started);
    else if (performance.now() - told > SIGN_MS) {
      tell(alive);
      told = performance.now();
    }
    const seen = { document, seed: request.seeds[index] ?? '', at: request.at[index] ?? 0 };
    const answered = evaluateRow(mapping, seen, request.timeoutMs);
    const row = answered instanceof Promise ? await answered : answered;
    late = 'error' in row && row.error.code === 'mapping-timeout' ? late + 1 : 0;
    piece.push(row);
    if (piece.length >= PIECE) {
      answer({ kind: 'rows', answers: piece, done: false });
      piece = [];
    }
  }
  answer({ kind: 'rows', answers: piece, done: true });
}

function check(expression: string): void {
  try {
    compileExpression(expression, 1);
    answer({ kind: 'checked', errors: [] });
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    answer({ kind: 'checked', errors: [error.detail] });
  }
}

/** What cannot be compiled or followed is told as reading everything. */
function reads(expression: string): void {
  let found = READS_EVERYTHING;
  try {
    found = fieldsRead(compileExpression(expression, 1).ast());
  } catch {
    // Everything it is.
  }
  answer({ kind: 'reads', reads: found });
}

process.on('disconnect', () => process.exit(0));
process.on('message', (request: MarkedRequest) => {
  if (request.kind === 'map') void map(request);
  else if (request.kind === 'check') check(request.expression);
  else reads(request.expression);
});
answer({ kind: 'ready' });
