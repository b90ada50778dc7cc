/** Why one row could not be mapped. `code` is JSONata's own (S…, T…, D…) or one of Percorso's `mapping-…` codes. */
export interface MappingError {
  code: string;
  message: string;
  /** Offset into the expression, in UTF-16 units. */
  position?: number;
}

/** `output` is undefined when the expression yields nothing for this row. */
export type MappingResult = { output: unknown } | { error: MappingError };

/** What binds a row's time and chance, so that the same row always maps to the same output. */
export interface RowBinding {
  /** Seeds $random and $shuffle. */
  seed: string;
  /** What $now and $millis answer. */
  at: Date;
}

export type CompileResult = { valid: true } | { valid: false; errors: MappingError[] };

/** A place of the input that an expression may read, with all that is below it. */
export interface FieldRead {
  /** Names from the input's root, lists left out; empty: all of it. Ends in '' where nothing below is looked at. */
  path: readonly string[];
  /** Offset into the expression of what reads it, in UTF-16 units. */
  position?: number;
}

/** Longest expression accepted, in UTF-16 units. */
export const MAX_EXPRESSION = 65_536;
