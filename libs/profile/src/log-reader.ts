import { Injectable } from '@nestjs/common';
import { IngestLog, parseItem } from '@percorso/ingest';
import { Transaction } from '@percorso/storage';
import { ERASED, LogItem } from './log-item';

/** The next items of the ingest log, parsed. */
@Injectable()
export class LogReader {
  constructor(private readonly log: IngestLog) {}

  async read(tx: Transaction, partition: number, afterPos: number, limit: number): Promise<LogItem[]> {
    const chunks = await this.log.read(tx, partition, afterPos, limit);
    return chunks.flatMap(({ receivedAt, sentAt, sourceId, items }) =>
      items.map(({ pos, value, bytes, erased }) => ({
        pos,
        receivedAt,
        sentAt,
        sourceId,
        payload: bytes,
        parsed: erased
          ? { quarantine: ERASED }
          : parseItem(value, { partition, pos, receivedAt, sentAt, size: bytes.length }),
      })),
    );
  }
}
