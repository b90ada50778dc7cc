import type { FieldRead, MappingError } from './mapping-result';

export interface MapRequest {
  kind: 'map';
  expression: string;
  /** The JSON text of an array. */
  documents: string;
  seeds: string[];
  at: number[];
  timeoutMs: number;
  /** Every row is told before it starts, also where the mapping is one that ends by itself. */
  careful: boolean;
  /** Everything on stock JSONata. */
  stockOnly: boolean;
}

export type ChildRequest =
  MapRequest | { kind: 'check'; expression: string } | { kind: 'reads'; expression: string };

/**
 * Parent to child. `mark` is the byte with which rows of this request are told: another than that of the request before,
 * whose last bytes may be read after its answer.
 */
export type MarkedRequest = ChildRequest & { mark: number };

/** JSON text of the output, undefined for no output, or the error. */
export type RowAnswer = { text?: string } | { error: MappingError };

/** Child to parent: `ready` once, then answers. Those of one request arrive in row order, in pieces; `done` closes it. */
export type ChildAnswer =
  | { kind: 'ready' }
  | { kind: 'rows'; answers: RowAnswer[]; done: boolean }
  | { kind: 'checked'; errors: MappingError[] }
  | { kind: 'reads'; reads: FieldRead[] };

/** Descriptor on which the child writes a byte: the mark as it starts a row, or a sign of life where it does not tell each. */
export const PROGRESS_FD = 4;
export const ALIVE = 0;
export const MOST_MARK = 255;

/** Largest JSON text of one document or output, in UTF-16 units. */
export const MAX_ROW_TEXT = 1_048_576;
