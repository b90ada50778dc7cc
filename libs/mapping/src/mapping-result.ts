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

/** Longest expression accepted, in UTF-16 units. */
export const MAX_EXPRESSION = 65_536;
