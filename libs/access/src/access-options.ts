export interface AccessOptions {
  /** The operator's key; without one, routes of scope `instance` are closed. At least 32 characters. */
  rootKey?: string;
  /** Signs cursors; equal for all hubs over one database. Without it cursors end with the process. */
  cursorSecret?: string | Buffer;
}

export const ACCESS_OPTIONS = Symbol('AccessOptions');
