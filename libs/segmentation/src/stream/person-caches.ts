import { Injectable } from '@nestjs/common';
import { PersonCache } from './person-cache';
import type { Plan } from './plan';

/** Persons, slots and single events kept in one process, all workspaces together; about 200 bytes each. */
const MOST_KEPT = 2_000_000;

/** The caches of the workspaces this process works on, the one not used for longest first. */
@Injectable()
export class PersonCaches {
  mostKept = MOST_KEPT;
  private readonly caches = new Map<string, PersonCache>();

  /** The workspace's cache if it fits what is to be worked on, else a new one. `turn`: the last one, whoever made it. */
  take(workspaceId: string, plan: Plan, turn: number, now: Date): PersonCache {
    const known = this.caches.get(workspaceId);
    // Another turn: another process was at work meanwhile. An earlier time: state has forgotten what it needs.
    if (known && known.plan === plan && known.turn === turn && known.now <= now.getTime()) {
      known.now = now.getTime();
      return known;
    }
    const cache = new PersonCache(plan);
    cache.turn = turn;
    cache.now = now.getTime();
    this.caches.set(workspaceId, cache);
    return cache;
  }

  /** The cache now reflects what this turn saw. */
  keep(workspaceId: string, cache: PersonCache, turn: number): void {
    cache.turn = turn;
    this.caches.delete(workspaceId);
    this.caches.set(workspaceId, cache);
    let excess = this.kept - this.mostKept;
    for (const other of this.caches.values()) {
      if (excess <= 0) return;
      const before = other.kept;
      other.shrink(Math.max(0, before - excess));
      excess -= before - other.kept;
    }
  }

  drop(workspaceId: string): void {
    this.caches.delete(workspaceId);
  }

  /** What is kept in this process. */
  get kept(): number {
    let kept = 0;
    for (const cache of this.caches.values()) kept += cache.kept;
    return kept;
  }
}
