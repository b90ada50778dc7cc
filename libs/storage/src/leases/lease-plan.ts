/** Background work that processes share, partition by partition. */
export type LeaseKind = 'apply' | 'stream' | 'journey';

export interface LeaseKey {
  workspaceId: string;
  kind: LeaseKind;
  partition: number;
}

export interface LeaseRow extends LeaseKey {
  /** The process that has it; null when none does or that one is dead. */
  owner: string | null;
}

export interface LiveWorker {
  id: string;
  kinds: readonly string[];
}

/** What one process is to take and to give back. */
export interface LeaseChanges {
  claim: LeaseKey[];
  release: LeaseKey[];
}

/**
 * An even share for `me`: of each workspace's partitions everybody gets the same number, and what does not divide goes
 * round, so that nobody has more than one more than another, over all workspaces too. Whoever finds the same processes
 * and leases comes to the same shares; what one has and may keep does not move.
 * @param leases in the order of workspace, kind and partition
 */
export function planLeases(
  me: string,
  workers: readonly LiveWorker[],
  leases: readonly LeaseRow[],
): LeaseChanges {
  const changes: LeaseChanges = { claim: [], release: [] };
  const next = new Map<LeaseKind, number>();
  for (const group of groupsOf(leases)) {
    const { kind } = group[0]!;
    const able = workers
      .filter(({ kinds }) => kinds.includes(kind))
      .map(({ id }) => id)
      .sort();
    const mine = group.filter(({ owner }) => owner === me);
    const rank = able.indexOf(me);
    if (rank < 0) {
      changes.release.push(...mine);
      continue;
    }
    const first = next.get(kind) ?? 0;
    const extra = group.length % able.length;
    next.set(kind, (first + extra) % able.length);
    const whole = Math.floor(group.length / able.length);
    const share = whole + ((rank - first + able.length) % able.length < extra ? 1 : 0);
    changes.release.push(...mine.slice(share));
    const free = group.filter(({ owner }) => owner === null);
    // Each begins at another place, so that those who look at the same time want different ones.
    const start = free.length === 0 ? 0 : (rank * Math.max(1, whole)) % free.length;
    const turned = [...free.slice(start), ...free.slice(0, start)];
    changes.claim.push(...turned.slice(0, Math.max(0, share - mine.length)));
  }
  return changes;
}

function groupsOf(leases: readonly LeaseRow[]): LeaseRow[][] {
  const groups: LeaseRow[][] = [];
  for (const lease of leases) {
    const last = groups.at(-1);
    if (last?.[0]?.workspaceId === lease.workspaceId && last[0].kind === lease.kind) last.push(lease);
    else groups.push([lease]);
  }
  return groups;
}
