import { Injectable } from '@nestjs/common';
import { EventReader, type PersonEvent } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { Matches } from './matches';
import type { PersonState } from './person-state';
import type { Plan } from './plan';
import { matchesOf } from './slot-matches';
import { coldReads } from './stream-metrics';

interface Asked {
  touch: { person: number };
  state: PersonState;
}

/** Slots too large to keep, read for one turn: person -> slot -> matches. */
export type Overflow = ReadonlyMap<number, ReadonlyMap<number, Matches>>;

/** Reads persons' events where no state is kept: exact, slower, and counted. */
@Injectable()
export class ColdReader {
  constructor(private readonly events: EventReader) {}

  /** All events audiences look at of some persons, up to a position. */
  async histories(
    tx: Transaction,
    plan: Plan,
    persons: readonly number[],
    until: number,
  ): Promise<Map<number, PersonEvent[]>> {
    coldReads.inc({ reason: 'unknown' }, persons.length);
    return byPerson(await this.events.ofPersons(tx, persons, [...plan.slotsOf.keys()], until));
  }

  /** Read what overflowed of those who are asked about it. */
  async readOverflowed(
    tx: Transaction,
    plan: Plan,
    asked: readonly Asked[],
    until: number,
  ): Promise<Overflow> {
    const overflow = new Map<number, Map<number, Matches>>();
    const full = asked.filter(({ state }) => state.overflowed.size > 0);
    if (full.length === 0) return overflow;
    coldReads.inc({ reason: 'overflow' }, full.length);
    const names = new Set(
      full.flatMap(({ state }) => [...state.overflowed].map((slot) => plan.slots[slot]!.name)),
    );
    const persons = full.map(({ touch }) => touch.person);
    const events = byPerson(await this.events.ofPersons(tx, persons, [...names], until));
    for (const { touch, state } of full) {
      const own = events.get(touch.person) ?? [];
      const slots = [...state.overflowed].map(
        (slot) => [slot, matchesOf(plan, plan.slots[slot]!, own)] as const,
      );
      overflow.set(touch.person, new Map(slots));
    }
    return overflow;
  }
}

export function byPerson(events: readonly PersonEvent[]): Map<number, PersonEvent[]> {
  const persons = new Map<number, PersonEvent[]>();
  for (const event of events) {
    const list = persons.get(event.person);
    if (list) list.push(event);
    else persons.set(event.person, [event]);
  }
  return persons;
}
