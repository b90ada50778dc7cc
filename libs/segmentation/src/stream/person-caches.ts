import { Injectable } from '@nestjs/common';
import { PersonCache } from './person-cache';
import type { Plan } from './plan';
import { partitionOf } from './shard';
import type { StreamCursor } from './stream-cursor.store';

/** Bytes of state kept in one process, all workspaces together. */
const MOST_KEPT = 400_000_000;

/** State of one workspace's persons, as of the last turn of each partition this process worked on. */
interface Kept {
  cache: PersonCache;
  of: number;
  turns: Map<number, number>;
}

/** The caches of the workspaces this process works on, the one not used for longest first. */
@Injectable()
export class PersonCaches {
  mostKept = MOST_KEPT;
  private readonly caches = new Map<string, Kept>();

  /**
   * The workspace's cache, as of the last turns of these partitions; what does not fit what is to be worked on is given
   * up. `of`: how many partitions the workspace has.
   */
  take(
    workspaceId: string,
    plan: Plan,
    cursors: readonly Pick<StreamCursor, 'partition' | 'turn'>[],
    of: number,
    now: Date,
  ): PersonCache {
    const { cache, turns } = this.fitting(workspaceId, plan, of, now);
    cache.now = now.getTime();
    // Another turn: another process was at work on these persons meanwhile.
    const stale = new Set(
      cursors.filter(({ partition, turn }) => turns.get(partition) !== turn).map((row) => row.partition),
    );
    if (stale.size > 0) cache.dropWhere((person) => stale.has(partitionOf(person, of)));
    for (const { partition, turn } of cursors) turns.set(partition, turn);
    return cache;
  }

  /** The cache now reflects what these turns saw, by partition. */
  keep(workspaceId: string, turns: ReadonlyMap<number, number>): void {
    const kept = this.caches.get(workspaceId);
    if (!kept) return;
    for (const [partition, turn] of turns) kept.turns.set(partition, turn);
    this.caches.delete(workspaceId);
    this.caches.set(workspaceId, kept);
    let excess = this.kept - this.mostKept;
    for (const { cache } of this.caches.values()) {
      if (excess <= 0) return;
      const before = cache.kept;
      cache.shrink(Math.max(0, before - excess));
      excess -= before - cache.kept;
    }
  }

  drop(workspaceId: string): void {
    this.caches.delete(workspaceId);
  }

  /** What is kept in this process. */
  get kept(): number {
    let kept = 0;
    for (const { cache } of this.caches.values()) kept += cache.kept;
    return kept;
  }

  private fitting(workspaceId: string, plan: Plan, of: number, now: Date): Kept {
    const known = this.caches.get(workspaceId);
    // An earlier time: state has forgotten what it needs.
    if (known && known.cache.plan === plan && known.of === of && known.cache.now <= now.getTime())
      return known;
    const made = { cache: new PersonCache(plan), of, turns: new Map<number, number>() };
    this.caches.set(workspaceId, made);
    return made;
  }
}
