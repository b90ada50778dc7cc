import { consentOf } from './consent';
import { Saying } from './fragment';
import type { IngestItem } from '@percorso/ingest';
import { Stamp } from './stamp';

/** An item with what stamps it. */
export interface SaidItem {
  sourceId: string;
  pos: number;
  item: Pick<IngestItem, 'type' | 'event' | 'traits' | 'properties' | 'context' | 'groupId' | 'timestamp'>;
}

/** Who said something, when, and at which position. */
export const stampOf = (entry: SaidItem): Stamp => ({
  source: entry.sourceId,
  at: entry.item.timestamp.toISOString(),
  pos: entry.pos,
});

/** What an item says about its person. Consent given as a trait is consent, not a trait. */
export function sayingOf(entry: SaidItem): Saying {
  const { item } = entry;
  const traits = item.type === 'identify' ? Object.entries(item.traits ?? {}) : [];
  return {
    traits: traits.filter(([key]) => key !== 'consent'),
    consent: consentOf(item),
    group: item.type === 'group' ? item.groupId : undefined,
    stamp: stampOf(entry),
    occurredAt: item.timestamp,
  };
}

/** Whether it says more than that the person was seen. */
export const saysSomething = (saying: Saying): boolean =>
  saying.traits.length > 0 || saying.consent.length > 0 || saying.group !== undefined;
