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

/** What stands in the place of an item that names somebody erased. */
export const ERASED: Refusal = {
  code: 'erased',
  reason: 'The item names somebody who was erased; its content was not kept.',
  pointer: '',
};

/** Whether an item was taken out of the log. */
export const isErased = ({ parsed }: LogItem): boolean =>
  'quarantine' in parsed && parsed.quarantine === ERASED;

/** An item that can be applied. */
export type GoodItem = Omit<LogItem, 'parsed'> & { item: IngestItem };

/** Where a batch's items went; every item is in exactly one count. */
export interface Outcome {
  accepted: number;
  duplicates: number;
  quarantined: number;
}
