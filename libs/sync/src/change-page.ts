import type { MembershipLog } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import type { Change } from './plan-row';
import type { RunRow } from './run.store';

const PAGE = 500;

/** Where in its reading a run is. */
export type ReadingPlace = Pick<
  RunRow,
  'audienceId' | 'snapshot' | 'compares' | 'comparing' | 'plannedPos' | 'toPos'
>;

export interface ChangePage {
  changes: Change[];
  /** They happened since the last run; members that are read may have been so for long. */
  recent: boolean;
  next: Pick<RunRow, 'plannedPos' | 'comparing'>;
  isLast: boolean;
}

/**
 * The next changes of a run. A first run reads the members as they are, later ones the log and then, where they compare,
 * the members; of several changes of one member in a page only the newest counts, since the target only needs to know
 * where it ended.
 */
export async function readChanges(
  tx: Transaction,
  log: MembershipLog,
  run: ReadingPlace,
  size = PAGE,
): Promise<ChangePage> {
  if (run.snapshot || run.comparing) {
    const members = await log.members(tx, {
      audienceId: run.audienceId,
      afterPerson: run.plannedPos,
      limit: size,
    });
    return {
      changes: members.map((member) => ({ ...member, op: 'enter' as const })),
      recent: false,
      next: { plannedPos: members.at(-1)?.person ?? run.plannedPos, comparing: run.comparing },
      isLast: members.length < size,
    };
  }
  const range = { audienceId: run.audienceId, afterPos: run.plannedPos, toPos: run.toPos, limit: size };
  const deltas = await log.deltas(tx, range);
  const newest = new Map<number, Change>();
  for (const { person, profileId, op, version, at, cause } of deltas) {
    newest.set(person, {
      person,
      profileId,
      op,
      version,
      since: at,
      erased: cause.kind === 'erasure',
      merged: cause.kind === 'merge',
    });
  }
  const changes = [...newest.values()];
  if (deltas.length === size) {
    return {
      changes,
      recent: true,
      next: { plannedPos: deltas.at(-1)!.pos, comparing: false },
      isLast: false,
    };
  }
  return run.compares
    ? { changes, recent: true, next: { plannedPos: 0, comparing: true }, isLast: false }
    : { changes, recent: true, next: { plannedPos: run.toPos, comparing: false }, isLast: true };
}
