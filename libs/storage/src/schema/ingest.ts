import type { Generated } from 'kysely';
import type { DefaultInt8, Int8 } from './columns';

interface IngestHeadTable {
  workspace_id: string;
  partition: Generated<number>;
  head: DefaultInt8;
  applied: DefaultInt8;
  loaded: DefaultInt8;
  accepted: DefaultInt8;
  duplicates: DefaultInt8;
  quarantined: DefaultInt8;
}

interface IngestLogTable {
  workspace_id: string;
  partition: Generated<number>;
  pos: Int8;
  count: number;
  received_at: Date;
  sent_at: Date | null;
  source_id: string;
  payload: Buffer;
  erased: string[] | null;
}

interface MessageSeenTable {
  workspace_id: string;
  message_hash: Buffer;
  seen_at: Date;
}

interface QuarantineTable {
  workspace_id: string;
  id: string;
  partition: number;
  pos: Int8;
  received_at: Date;
  source_id: string;
  message_id: string | null;
  code: string;
  reason: string;
  pointer: string;
  payload: Buffer;
}

export interface IngestTables {
  ingest_head: IngestHeadTable;
  ingest_log: IngestLogTable;
  message_seen: MessageSeenTable;
  quarantine: QuarantineTable;
}
