import type { FieldError } from '@percorso/kernel';

/** Something that has no effect here. */
export interface Ignored {
  /** Into the request. */
  pointer: string;
  keyword: string;
  reason: string;
}

/** A field that XDM marks as an identity. */
export interface MarkedIdentity {
  /** Into the request: where it is marked. */
  pointer: string;
  /** Path of the field in records, names as they come here. */
  property: string;
  /** As XDM knows the namespace. */
  namespace: string;
  primary: boolean;
}

/** What became of documents, besides a schema. */
export class XdmReport {
  readonly errors: FieldError[] = [];
  readonly ignored: Ignored[] = [];
  readonly identities: MarkedIdentity[] = [];
  /** Keywords that only describe, with how often they stand there. */
  readonly annotations: Record<string, number> = {};
  /** Names of fields as records have them, by their names in the documents. */
  readonly renamed: Record<string, string> = {};

  refuse(pointer: string, code: string, message: string): void {
    this.errors.push({ pointer, code, message });
  }

  describe(keyword: string): void {
    this.annotations[keyword] = (this.annotations[keyword] ?? 0) + 1;
  }
}
