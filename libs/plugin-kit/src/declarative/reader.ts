import { compileError } from './expression';

export interface DeclarationError {
  /** RFC 6901 pointer into the declaration. */
  pointer: string;
  message: string;
}

/** Collects what is wrong while a declaration is looked through. */
export class Reader {
  readonly errors: DeclarationError[] = [];

  wrong(pointer: string, message: string): void {
    this.errors.push({ pointer, message });
  }

  /** With `keys`, no others may be there. */
  object(value: unknown, at: string, keys?: readonly string[]): Record<string, unknown> | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.wrong(at, 'must be an object');
      return undefined;
    }
    for (const key of Object.keys(value))
      if (keys && !keys.includes(key))
        this.wrong(`${at}/${key}`, `is not known; here are ${keys.join(', ')}`);
    return value as Record<string, unknown>;
  }

  list(value: unknown, at: string): unknown[] {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.wrong(at, 'must be a list');
    return [];
  }

  text(value: unknown, at: string): boolean {
    const ok = typeof value === 'string' && value !== '';
    if (!ok) this.wrong(at, 'must be text');
    return ok;
  }

  /** JSONata. */
  expression(value: unknown, at: string): void {
    if (!this.text(value, at)) return;
    const error = compileError(String(value));
    if (error) this.wrong(at, error);
  }

  number(value: unknown, at: string, least: number): void {
    if (typeof value !== 'number' || !(value >= least))
      this.wrong(at, `must be a number of at least ${least}`);
  }

  oneOf(value: unknown, at: string, allowed: readonly string[]): boolean {
    const ok = allowed.includes(String(value));
    if (!ok) this.wrong(at, `must be one of ${allowed.join(', ')}`);
    return ok;
  }
}
