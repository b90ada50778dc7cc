import type { PersonEvent } from '@percorso/profile';
import { Matches } from './matches';
import type { Plan } from './plan';
import { admits, type Slot } from './slot';

/** Those of a person's events that belong to a slot, however many there are. */
export function matchesOf(
  { readers }: Plan,
  slot: Slot,
  events: readonly PersonEvent[],
  now: number,
): Matches {
  const matches = new Matches(slot);
  const reader = readers.get(slot.name)!;
  for (const { name, occurredAt, properties } of events) {
    if (name !== slot.name || !properties) continue;
    const read = reader.read(properties);
    const at = occurredAt.getTime();
    if (admits(slot, at, read)) matches.add(at, read, now);
  }
  return matches;
}
