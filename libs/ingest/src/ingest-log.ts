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
}

/** The accepted events of a workspace, in position order. */
@Injectable()
export class IngestLog {
  /** Items at the positions `(afterPos, afterPos + limit]`: positions are dense, so at most `limit` of them. */
  async read(tx: Transaction, partition: number, afterPos: number, limit: number): Promise<LogChunk[]> {
    const { rows } = await tx.query<LogRow>(
      `SELECT pos, received_at, sent_at, source_id, payload FROM ingest_log
       WHERE workspace_id = $1 AND partition = $2 AND pos > $3 AND pos <= $4 AND pos + count - 1 > $5
       ORDER BY pos`,
      [tx.workspaceId, partition, afterPos - MAX_BATCH_EVENTS, afterPos + limit, afterPos],
    );
    return rows.map((row) => chunkOf(row, afterPos, afterPos + limit));
  }
}

function chunkOf(row: LogRow, after: number, until: number): LogChunk {
  const first = Number(row.pos);
  const json = unpackPayload(row.payload);
  const values = JSON.parse(json.toString()) as unknown[];
  const spans = elementSpans(json, valueStart(json));
  const items: LoggedItem[] = [];
  values.forEach((value, index) => {
    const span = spans[index];
    const pos = first + index;
    if (span && pos > after && pos <= until) {
      items.push({ pos, value, bytes: json.subarray(span.start, span.end) });
    }
  });
  return { receivedAt: row.received_at, sentAt: row.sent_at, sourceId: row.source_id, items };
}
