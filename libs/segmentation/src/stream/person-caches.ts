import { Injectable } from '@nestjs/common';
import { PersonCache } from './person-cache';
import type { Plan } from './plan';

/** The caches of the workspaces this process works on. */
@Injectable()
export class PersonCaches {
  private readonly caches = new Map<string, PersonCache>();

  /** The workspace's cache if it fits what is to be worked on, else a new one. */
  take(workspaceId: string, plan: Plan, pos: number, now: Date): PersonCache {
    const known = this.caches.get(workspaceId);
    // Another position: another process was at work meanwhile. An earlier time: state has forgotten what it needs.
    if (known && known.plan === plan && known.pos === pos && known.now <= now.getTime()) {
      known.now = now.getTime();
      return known;
    }
    const cache = new PersonCache(plan);
    cache.pos = pos;
    cache.now = now.getTime();
    this.caches.set(workspaceId, cache);
    return cache;
  }

  /** The cache now reflects the events up to `pos`. */
  keep(workspaceId: string, cache: PersonCache, pos: number): void {
    cache.pos = pos;
    cache.shrink();
    this.caches.set(workspaceId, cache);
  }

  drop(workspaceId: string): void {
    this.caches.delete(workspaceId);
  }
}
