import type { FieldRead, MappingError } from './mapping-result';

/** Parent to child. `documents` is the JSON text of an array. */
export type ChildRequest =
  | { kind: 'map'; expression: string; documents: string; seeds: string[]; at: number[]; timeoutMs: number }
  | { kind: 'check'; expression: string }
  | { kind: 'reads'; expression: string };

/** JSON text of the output, undefined for no output, or the error. */
export type RowAnswer = { text?: string } | { error: MappingError };

/** Child to parent: `ready` once, then answers. Those of one request arrive in row order, in pieces; `done` closes it. */
export type ChildAnswer =
  | { kind: 'ready' }
  | { kind: 'rows'; answers: RowAnswer[]; done: boolean }
  | { kind: 'checked'; errors: MappingError[] }
  | { kind: 'reads'; reads: FieldRead[] };

/** Descriptor on which the child writes one byte as it starts each row, so that the parent knows which one hangs. */
export const PROGRESS_FD = 4;

/** Largest JSON text of one document or output, in UTF-16 units. */
export const MAX_ROW_TEXT = 1_048_576;
