import type { PersonEvent } from '@percorso/profile';
import { Matches, type Values } from './matches';
import type { Plan } from './plan';
import { admits, rowFor, type Slot } from './slot';

/** Those of a person's events that belong to a slot, however many there are. */
export function matchesOf({ readers }: Plan, slot: Slot, events: readonly PersonEvent[]): Matches {
  const reader = readers.get(slot.name)!;
  const rows: { at: number; values: Values }[] = [];
  for (const { name, occurredAt, properties } of events) {
    if (name !== slot.name || !properties) continue;
    const read = reader.read(properties);
    const at = occurredAt.getTime();
    if (admits(slot, at, read)) rows.push({ at, values: rowFor(slot, read) });
  }
  rows.sort((a, b) => a.at - b.at);
  const times = rows.map(({ at }) => at);
  return new Matches(
    slot,
    times,
    0,
    times.length,
    rows.flatMap(({ values }) => values),
    0,
  );
}
