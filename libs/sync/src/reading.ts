import type { ConnectorDescription } from '@percorso/connector';
import type { LogHead } from '@percorso/segmentation';
import type { Trigger } from './run.store';
import { MODE_RULES, type SyncMode } from './sync-mode';

/** What a run reads of its audience. */
export interface Reading {
  /** The members as they are, in the place of the log. */
  snapshot: boolean;
  /** After the log the members, for those that map to something else. */
  compares: boolean;
  fromPos: number;
  toPos: number;
}

/** What a run that begins now reads. After a restore old positions mean nothing: it reads the members anew. */
export function readingOf(
  sync: { cursorEpoch: number | null; cursorPos: number },
  mode: SyncMode,
  { kind }: Pick<ConnectorDescription, 'kind'>,
  { epoch, pos }: LogHead,
  trigger: Trigger,
): Reading {
  const { everyRun, changes } = MODE_RULES[mode];
  const snapshot = everyRun || sync.cursorEpoch !== epoch;
  return {
    snapshot,
    compares: !snapshot && changes && kind === 'campaign' && trigger !== 'delta',
    fromPos: snapshot ? 0 : sync.cursorPos,
    toPos: pos,
  };
}
