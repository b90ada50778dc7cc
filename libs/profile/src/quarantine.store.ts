import { newId } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';
import { LogItem, Refusal } from './log-item';

export interface QuarantinedItem extends LogItem {
  refusal: Refusal;
}

// The message id of an item that PostgreSQL refused may be the very reason.
const storable = (text: string): string =>
  Buffer.from(text.replaceAll(String.fromCharCode(0), '').slice(0, 512)).toString();

/** The item's own message id where it has one. */
function messageIdOf(entry: LogItem): string | null {
  if ('ok' in entry.parsed) return storable(entry.parsed.ok.messageId);
  try {
    const value: unknown = JSON.parse(entry.payload.toString('utf8'));
    const id =
      value !== null && typeof value === 'object' ? (value as { messageId?: unknown }).messageId : null;
    return typeof id === 'string' ? storable(id) : null;
  } catch {
    return null;
  }
}

/** Put items aside with the reason; they keep their position and never come again by themselves. */
export async function saveQuarantine(
  tx: Transaction,
  partition: number,
  entries: readonly QuarantinedItem[],
): Promise<void> {
  if (entries.length === 0) return;
  await tx.query(
    `INSERT INTO quarantine
       (workspace_id, id, partition, pos, received_at, source_id, message_id, code, reason, pointer, payload)
     SELECT $1, q.id, $2, q.pos, q.received_at, q.source_id, q.message_id, q.code, q.reason, q.pointer, q.payload
     FROM unnest($3::uuid[], $4::bigint[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::text[],
       $10::text[], $11::bytea[])
       AS q (id, pos, received_at, source_id, message_id, code, reason, pointer, payload)`,
    [
      tx.workspaceId,
      partition,
      entries.map(() => newId()),
      entries.map((entry) => entry.pos),
      entries.map((entry) => entry.receivedAt),
      entries.map((entry) => entry.sourceId),
      entries.map(messageIdOf),
      entries.map((entry) => entry.refusal.code),
      entries.map((entry) => storable(entry.refusal.reason)),
      entries.map((entry) => storable(entry.refusal.pointer)),
      entries.map((entry) => entry.payload),
    ],
  );
}
