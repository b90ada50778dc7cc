import type { IngestItem, ParsedItem, Refusal } from '@percorso/ingest';

export type { Refusal };

/** One position of the ingest log, parsed. */
export interface LogItem {
  pos: number;
  receivedAt: Date;
  sentAt: Date | null;
  sourceId: string;
  /** The item as it came. */
  payload: Buffer;
  parsed: ParsedItem;
}

/** An item that can be applied. */
export type GoodItem = Omit<LogItem, 'parsed'> & { item: IngestItem };

/** Where a batch's items went; every item is in exactly one count. */
export interface Outcome {
  accepted: number;
  duplicates: number;
  quarantined: number;
}
