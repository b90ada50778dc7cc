import { IngestItem, ItemPlace, ParsedItem, Refusal } from './ingest-item';
import { parseIsoTime } from './iso-time';
import { Envelope, envelopeRefusal } from './item-schema';
import { MAX_EVENT_BYTES } from './limits';
import { findUnstorable } from './storable';

const missing = (field: string, reason: string): Refusal => ({
  code: 'field-missing',
  reason,
  pointer: `/${field}`,
});

const idText = (id: string | number | null | undefined): string | undefined =>
  id === null || id === undefined || id === '' ? undefined : String(id);

/** What the type of the call asks for beyond the envelope's types. */
function callRefusal(item: Envelope): Refusal | undefined {
  if (item.type === 'alias') {
    if (!idText(item.previousId)) return missing('previousId', 'An alias needs previousId.');
    if (!idText(item.userId)) return missing('userId', 'An alias needs userId.');
  }
  if (!idText(item.userId) && !idText(item.anonymousId)) {
    return missing('userId', 'Either userId or anonymousId is required.');
  }
  if (item.type === 'group' && !idText(item.groupId))
    return missing('groupId', 'A group call needs groupId.');
  if (item.type === 'track' && !item.event)
    return missing('event', 'A track call needs the name of its event.');
  return undefined;
}

const badTime = (field: string): Refusal => ({
  code: 'time-invalid',
  reason: 'The time must be an ISO 8601 date and time.',
  pointer: `/${field}`,
});

/** A time by the client's clock, brought to ours and not later than now. */
function occurredAt(written: Date, sentAt: Date | undefined, receivedAt: Date): Date {
  const corrected = sentAt ? written.getTime() + receivedAt.getTime() - sentAt.getTime() : written.getTime();
  return new Date(Math.min(corrected, receivedAt.getTime()));
}

/** Page and screen calls carry name and category beside their properties; readers find them inside. */
function propertiesOf(item: Envelope): Record<string, unknown> | undefined {
  const properties = item.properties ?? undefined;
  if (item.type !== 'page' && item.type !== 'screen') return properties;
  return {
    ...(item.name ? { name: item.name } : {}),
    ...(item.category ? { category: item.category } : {}),
    ...properties,
  };
}

/**
 * Check one item of the log. An item without messageId gets one that names its position, so that applying it again
 * finds the same; an item sent again by the client without one cannot be recognised.
 */
export function parseItem(value: unknown, place: ItemPlace): ParsedItem {
  if ((place.size ?? 0) > MAX_EVENT_BYTES) {
    const reason = `An event may have ${MAX_EVENT_BYTES} bytes.`;
    return { quarantine: { code: 'event-too-large', reason, pointer: '' } };
  }
  const refusal = envelopeRefusal(value) ?? findUnstorable(value) ?? callRefusal(value as Envelope);
  if (refusal) return { quarantine: refusal };
  return placed(value as Envelope, place);
}

function placed(item: Envelope, place: ItemPlace): ParsedItem {
  const field = item.timestamp ? 'timestamp' : 'originalTimestamp';
  const written = item[field] ? parseIsoTime(item[field]) : place.receivedAt;
  if (!written) return { quarantine: badTime(field) };
  const itemSentAt = item.sentAt ? parseIsoTime(item.sentAt) : undefined;
  if (item.sentAt && !itemSentAt) return { quarantine: badTime('sentAt') };
  const sentAt = place.sentAt ?? itemSentAt;
  const parsed: IngestItem = {
    messageId: item.messageId ?? `position:${place.partition}:${place.pos}`,
    type: item.type,
    userId: idText(item.userId),
    anonymousId: idText(item.anonymousId),
    previousId: idText(item.previousId),
    groupId: idText(item.groupId),
    event: item.type === 'track' ? (item.event ?? undefined) : undefined,
    traits: item.traits ?? undefined,
    properties: propertiesOf(item),
    context: item.context ?? undefined,
    timestamp: item[field] ? occurredAt(written, sentAt, place.receivedAt) : place.receivedAt,
    sentAt,
  };
  return { ok: parsed };
}
