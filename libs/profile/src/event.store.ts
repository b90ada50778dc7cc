import { Transaction } from '@percorso/storage';
import { GoodItem } from './log-item';

export interface PlacedEvent extends GoodItem {
  node: number;
}

/** What a stored event is called: the tracked event's name, the type for all others. */
export const eventName = ({ item }: GoodItem): string =>
  item.type === 'track' ? (item.event ?? 'track') : item.type;

function propertiesOf({ item }: GoodItem): Record<string, unknown> {
  if (item.type === 'identify') return item.traits ?? {};
  if (item.type === 'group') return { ...item.traits, groupId: item.groupId };
  if (item.type === 'alias') return { previousId: item.previousId, userId: item.userId };
  return item.properties ?? {};
}

/** Store applied events. */
export async function saveEvents(
  tx: Transaction,
  partition: number,
  events: readonly PlacedEvent[],
): Promise<void> {
  if (events.length === 0) return;
  // COPY is not open to roles under row-level security; arrays are the next fastest.
  tx.send(
    `INSERT INTO event (workspace_id, partition, pos, message_id, node, type, name, occurred_at, sent_at, received_at,
       source_id, properties, context)
     SELECT $1, $2, e.pos, e.message_id, e.node, e.type, e.name, e.occurred_at, e.sent_at, e.received_at,
       e.source_id, e.properties, e.context
     FROM unnest($3::bigint[], $4::text[], $5::int[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[],
       $10::timestamptz[], $11::text[], $12::jsonb[], $13::jsonb[])
       AS e (pos, message_id, node, type, name, occurred_at, sent_at, received_at, source_id, properties, context)`,
    [
      tx.workspaceId,
      partition,
      events.map((event) => event.pos),
      events.map((event) => event.item.messageId),
      events.map((event) => event.node),
      events.map((event) => event.item.type),
      events.map(eventName),
      events.map((event) => event.item.timestamp.toISOString()),
      events.map((event) => event.sentAt?.toISOString() ?? null),
      events.map((event) => event.receivedAt.toISOString()),
      events.map((event) => event.sourceId),
      events.map((event) => JSON.stringify(propertiesOf(event))),
      events.map((event) => JSON.stringify(event.item.context ?? {})),
    ],
  );
}
