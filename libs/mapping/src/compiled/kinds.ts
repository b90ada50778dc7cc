/** What a value may be, as far as the compiler knows: a set of bits. */
export const KIND = {
  missing: 1,
  null: 2,
  boolean: 4,
  number: 8,
  text: 16,
  object: 32,
  list: 64,
  function: 128,
} as const;

export const ANY = 255;

/** A value of the expression in generated code. */
export interface Value {
  /** An identifier, a literal, or an expression without effect that is used once. */
  code: string;
  kind: number;
  /** It may be a sequence that still stands for its one item, or for nothing. */
  loose?: boolean;
  /** It is the result of a function's last call, which stays as it is until the function has returned. */
  tail?: boolean;
  /** It comes from the document: what is in it carries no marks of JSONata's. */
  pure?: boolean;
}

export const MISSING: Value = { code: 'undefined', kind: KIND.missing, pure: true };

export const isOnly = ({ kind }: Value, set: number): boolean => (kind & ~set) === 0;
export const mayBe = ({ kind }: Value, set: number): boolean => (kind & set) !== 0;

/** A condition in generated code. */
export function truthCode(value: Value): string {
  if (isOnly(value, KIND.boolean)) return value.code;
  if (isOnly(value, KIND.boolean | KIND.missing | KIND.null)) return `(${value.code} === true)`;
  return `truth(${value.code})`;
}
