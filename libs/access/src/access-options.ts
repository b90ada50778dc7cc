export interface AccessOptions {
  /** The operator's key; without one, routes of scope `instance` are closed. At least 32 characters. */
  rootKey?: string;
  /**
   * Signs cursors and keys the hashes that stand for erased identities; equal for all hubs over one database, for ever.
   * Without it both end with the process.
   */
  cursorSecret?: string | Buffer;
}

export const ACCESS_OPTIONS = Symbol('AccessOptions');
