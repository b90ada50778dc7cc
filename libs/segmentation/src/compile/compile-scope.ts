import type { Parameters } from './parameters';

/** What a definition is evaluated on: one workspace, at one business time, up to one position of its log. */
export interface SetScope {
  workspaceId: string;
  now: Date;
  asOfPos: number | string | bigint;
  /** Whose today it is where a calendar condition names no zone; UTC when left out. */
  zone?: string;
}

/** The same while SQL is being written. */
export interface CompileScope {
  workspaceId: string;
  now: Date;
  asOfPos: string;
  zone: string;
  parameters: Parameters;
}
