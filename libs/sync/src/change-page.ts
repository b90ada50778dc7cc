import type { MembershipLog } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import type { Change } from './plan-row';
import type { RunRow } from './run.store';

const PAGE = 500;

export interface ChangePage {
  changes: Change[];
  nextPos: number;
  isLast: boolean;
}

/**
 * The next changes of a run. A first run reads the members as they are, later ones the log; of several changes of one
 * member in a page only the newest counts, since the target only needs to know where it ended.
 */
export async function readChanges(tx: Transaction, log: MembershipLog, run: RunRow): Promise<ChangePage> {
  if (run.snapshot) {
    const members = await log.members(tx, {
      audienceId: run.audienceId,
      afterPerson: run.plannedPos,
      limit: PAGE,
    });
    return {
      changes: members.map((member) => ({ ...member, op: 'enter' as const })),
      nextPos: members.at(-1)?.person ?? run.plannedPos,
      isLast: members.length < PAGE,
    };
  }
  const range = { audienceId: run.audienceId, afterPos: run.plannedPos, toPos: run.toPos, limit: PAGE };
  const deltas = await log.deltas(tx, range);
  const newest = new Map<number, Change>();
  for (const { person, profileId, op, version, at, cause } of deltas) {
    newest.set(person, { person, profileId, op, version, since: at, erased: cause.kind === 'erasure' });
  }
  const isLast = deltas.length < PAGE;
  return { changes: [...newest.values()], nextPos: isLast ? run.toPos : deltas.at(-1)!.pos, isLast };
}
