import { Injectable } from '@nestjs/common';
import { Database } from '@percorso/storage';
import { packPayload } from './packed-payload';

/** One request's items, to be stored. */
export interface LogEntry {
  sourceId: string;
  receivedAt: Date;
  sentAt?: Date;
  /** JSON text of an array of `count` items. */
  payload: Buffer;
  count: number;
}

// The head's row lock is held to the commit: positions become visible in their order, without gaps.
const APPEND = `
  WITH head AS (
    INSERT INTO ingest_head AS h (workspace_id, partition, head) VALUES ($1, $2, $3)
    ON CONFLICT (workspace_id, partition) DO UPDATE SET head = h.head + excluded.head
    RETURNING head
  ), stored AS (
    INSERT INTO ingest_log (workspace_id, partition, pos, count, received_at, sent_at, source_id, payload)
    SELECT $1, $2, head.head - $3 + e.first, e.count, to_timestamp(e.received_at / 1000.0),
      to_timestamp(e.sent_at / 1000.0), e.source_id, substring($4::bytea FROM e.start FOR e.length)
    FROM head, unnest($5::int[], $6::int[], $7::int[], $8::int[], $9::float8[], $10::float8[], $11::text[])
      AS e (first, count, start, length, received_at, sent_at, source_id)
  )
  SELECT head - $3 + 1 AS first FROM head`;

/** Writes to the ingest log. */
@Injectable()
export class IngestStore {
  constructor(private readonly database: Database) {}

  /** Commit entries under consecutive positions; the first entry's first position is returned. */
  async append(workspaceId: string, partition: number, entries: readonly LogEntry[]): Promise<number> {
    let events = 0;
    let bytes = 0;
    const firsts: number[] = [];
    const starts: number[] = [];
    const payloads = entries.map((entry) => packPayload(entry.payload));
    entries.forEach((entry, index) => {
      firsts.push(events + 1);
      starts.push(bytes + 1);
      events += entry.count;
      bytes += payloads[index]?.length ?? 0;
    });
    const values = [
      workspaceId,
      partition,
      events,
      // One binary parameter for all payloads: an array of them would travel as hexadecimal text.
      Buffer.concat(payloads, bytes),
      firsts,
      entries.map((entry) => entry.count),
      starts,
      payloads.map((payload) => payload.length),
      entries.map((entry) => entry.receivedAt.getTime()),
      entries.map((entry) => entry.sentAt?.getTime() ?? null),
      entries.map((entry) => entry.sourceId),
    ];
    const [row] = await this.database.statement<{ first: string }>(workspaceId, APPEND, values);
    return Number(row?.first);
  }
}
