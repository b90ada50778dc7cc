import type { Json } from './columns';

interface FeedbackCursorTable {
  workspace_id: string;
  connector_id: string;
  cursor: Json;
  polled_at: Date;
}

interface ConnectorHookTable {
  workspace_id: string;
  id: string;
  connector_id: string;
  token_hash: Buffer;
  created_at: Date;
  last_used_at: Date | null;
}

interface ReceiptTakenTable {
  workspace_id: string;
  connector_id: string;
  digest: Buffer;
  taken_at: Date;
}

export interface FeedbackTables {
  feedback_cursor: FeedbackCursorTable;
  connector_hook: ConnectorHookTable;
  receipt_taken: ReceiptTakenTable;
}
