import type { List } from './sequences';

export type Implementation = (this: Focus, ...values: unknown[]) => unknown;

export interface Focus {
  createSequence(...items: unknown[]): List;
  options: { sequence: number };
  environment: { readonly timestamp: Date };
}

/** A built-in function as JSONata itself keeps it. */
export interface Native {
  name: string;
  implementation: Implementation;
  /** Arguments it is given where another function calls it. */
  arity: number;
  /** Checks the arguments and takes the context for those left out; throws JSONata's error. */
  validate(values: unknown[], context: unknown): unknown[];
}

/** A built-in as a value: JSONata's functions call it with as many arguments as it takes. */
export type NativeValue = ((...values: unknown[]) => unknown) & { native?: Native; arity?: number };
