import type { PersonEvent } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import type { PersonCache } from './person-cache';
import type { Plan } from './plan';
import type { Shard } from './shard';
import type { StreamCursor, Taken } from './stream-cursor.store';
import type { DuePerson, WakeCause } from './wake.store';

/** One person of a turn and why it is looked at. */
export interface Touched {
  person: number;
  events: PersonEvent[];
  woken: boolean;
  /** Why it was woken, where it is not by time. */
  cause?: WakeCause;
}

/** What one turn works on: everything as of `until` and `now`. */
export interface Turn {
  tx: Transaction;
  plan: Plan;
  shard: Shard;
  cache: PersonCache;
  until: number;
  now: Date;
  horizon: number;
  /** Answers it may give. */
  allowed: number;
}

/** The partitions that are furthest back, which stand at `from`; they may go up to where the next ones stand. */
export function lowest({ cursors }: Taken): { from: number; to: number; cursors: StreamCursor[] } {
  const from = Math.min(...cursors.map(({ pos }) => pos));
  const ahead = cursors.map(({ pos }) => pos).filter((pos) => pos > from);
  return { from, to: Math.min(...ahead), cursors: cursors.filter(({ pos }) => pos === from) };
}

/** Those of `events` that one transaction has time for, the first in any case; `spent`: answers given besides. */
export function affordable(
  { plan, cache, allowed }: Turn,
  events: PersonEvent[],
  spent: number,
): PersonEvent[] {
  const seen = new Set<number>();
  const always =
    plan.unsettled.length + plan.identityPrograms.length + plan.profilePrograms.length + plan.members.length;
  let answers = spent;
  for (const [index, { person, name }] of events.entries()) {
    const known = cache.has(person);
    if (!seen.has(person)) answers += known ? always : plan.asked.length + plan.traits.length;
    if (known) answers += plan.programsOf.get(name)?.length ?? 0;
    if (answers > allowed && index > 0) return events.slice(0, index);
    seen.add(person);
  }
  return events;
}

export function touchedBy(events: readonly PersonEvent[], woken: readonly DuePerson[]): Touched[] {
  const touched = new Map<number, Touched>();
  for (const { person, cause } of woken)
    touched.set(person, { person, events: [], woken: true, ...(cause && { cause }) });
  for (const event of events) {
    const known = touched.get(event.person);
    if (known) known.events.push(event);
    else touched.set(event.person, { person: event.person, events: [event], woken: false });
  }
  return [...touched.values()];
}
