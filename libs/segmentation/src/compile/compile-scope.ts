import type { Parameters } from './parameters';

/** What a definition is evaluated on: one workspace, at one business time, up to one position of its log. */
export interface SetScope {
  workspaceId: string;
  now: Date;
  asOfPos: number | string | bigint;
}

/** The same while SQL is being written. */
export interface CompileScope {
  workspaceId: string;
  now: Date;
  asOfPos: string;
  parameters: Parameters;
}
