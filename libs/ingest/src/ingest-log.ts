import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import { elementSpans, valueStart } from './json-spans';
import { MAX_BATCH_EVENTS } from './limits';
import { unpackPayload } from './packed-payload';

export interface LoggedItem {
  pos: number;
  /** As parsed; check it with `parseItem`. */
  value: unknown;
  /** Its JSON text as it came. */
  bytes: Buffer;
  /** It was taken out of the log: value and bytes are null. */
  erased?: true;
}

/** Items of one request, or the part of them that was asked for. */
export interface LogChunk {
  receivedAt: Date;
  sentAt: Date | null;
  sourceId: string;
  items: LoggedItem[];
}

interface LogRow {
  pos: string;
  received_at: Date;
  sent_at: Date | null;
  source_id: string;
  payload: Buffer;
  erased: string[] | null;
}

/** The accepted events of a workspace, in position order. */
@Injectable()
export class IngestLog {
  /** Items at the positions `(afterPos, afterPos + limit]`: positions are dense, so at most `limit` of them. */
  async read(tx: Transaction, partition: number, afterPos: number, limit: number): Promise<LogChunk[]> {
    const { rows } = await tx.query<LogRow>(
      `SELECT pos, received_at, sent_at, source_id, payload, erased FROM ingest_log
       WHERE workspace_id = $1 AND partition = $2 AND pos > $3 AND pos <= $4 AND pos + count - 1 > $5
       ORDER BY pos`,
      [tx.workspaceId, partition, afterPos - MAX_BATCH_EVENTS, afterPos + limit, afterPos],
    );
    return rows.map((row) => chunkOf(row, afterPos, afterPos + limit));
  }

  /** The next `limit` requests whose first position is after `after`, whole, in the order of partition and position. */
  async requests(
    tx: Transaction,
    after: { partition: number; pos: number },
    limit: number,
  ): Promise<(LogChunk & { partition: number; pos: number })[]> {
    const { rows } = await tx.query<LogRow & { partition: number }>(
      `SELECT partition, pos, received_at, sent_at, source_id, payload, erased FROM ingest_log
       WHERE workspace_id = $1 AND (partition, pos) > ($2::smallint, $3::bigint) ORDER BY partition, pos LIMIT $4`,
      [tx.workspaceId, after.partition, after.pos, limit],
    );
    return rows.map((row) => ({
      partition: row.partition,
      pos: Number(row.pos),
      ...chunkOf(row, -Infinity, Infinity),
    }));
  }
}

function chunkOf(row: LogRow, after: number, until: number): LogChunk {
  const first = Number(row.pos);
  const json = unpackPayload(row.payload);
  const values = JSON.parse(json.toString()) as unknown[];
  const spans = elementSpans(json, valueStart(json));
  const erased = new Set(row.erased?.map(Number));
  const items: LoggedItem[] = [];
  values.forEach((value, index) => {
    const span = spans[index];
    const pos = first + index;
    if (span && pos > after && pos <= until) {
      const item: LoggedItem = { pos, value, bytes: json.subarray(span.start, span.end) };
      items.push(erased.has(pos) ? { ...item, erased: true } : item);
    }
  });
  return { receivedAt: row.received_at, sentAt: row.sent_at, sourceId: row.source_id, items };
}
