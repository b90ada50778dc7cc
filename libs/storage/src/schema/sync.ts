import type { Generated } from 'kysely';
import type { DefaultInt8, DefaultJson, Int8, Json } from './columns';

interface MappingTable {
  workspace_id: string;
  id: string;
  name: string;
  current: Generated<number>;
  version: DefaultInt8;
  created_at: Date;
  updated_at: Date;
}

interface MappingVersionTable {
  workspace_id: string;
  mapping_id: string;
  version: number;
  expression: string;
  required: Generated<string[]>;
  examples: DefaultJson;
  created_at: Date;
}

interface SyncTable {
  workspace_id: string;
  id: string;
  name: string;
  audience_id: string;
  connector_id: string;
  mapping_id: string;
  exit_mapping_id: string | null;
  mode: string | null;
  cron: string | null;
  zone: string | null;
  due_at: Date | null;
  after_evaluation: Generated<boolean>;
  on_delta: Generated<boolean>;
  seen_evaluation_id: string | null;
  wanted: string | null;
  runs: Generated<number>;
  state: Generated<string>;
  cursor_epoch: number | null;
  cursor_pos: DefaultInt8;
  version: DefaultInt8;
  created_at: Date;
  updated_at: Date;
}

interface SyncRunTable {
  workspace_id: string;
  id: string;
  sync_id: string;
  state: Generated<string>;
  mapping_version: number;
  exit_mapping_version: number | null;
  from_pos: Int8;
  to_pos: Int8;
  snapshot: Generated<boolean>;
  planned_pos: Int8;
  planned: DefaultInt8;
  fence: DefaultInt8;
  lease_until: Date | null;
  error: string | null;
  created_at: Date;
  ended_at: Date | null;
  number: Generated<number>;
  trigger: Generated<string>;
  mode: string | null;
  compares: Generated<boolean>;
  comparing: Generated<boolean>;
  expected: Int8 | null;
}

interface ReplayTable {
  workspace_id: string;
  id: string;
  request_key: Buffer | null;
  chosen: Json;
  rows_per_second: number | null;
  state: string;
  expected: Int8;
  looked: Generated<string>;
  replayed: Generated<string>;
  dropped: Generated<string>;
  skipped: Generated<string>;
  after_sync: Generated<string>;
  after_effect: Generated<string>;
  next_at: Date;
  error: string | null;
  actor: string;
  fence: Generated<string>;
  lease_until: Date | null;
  created_at: Date;
  ended_at: Date | null;
}

export interface SyncTables {
  mapping: MappingTable;
  mapping_version: MappingVersionTable;
  sync: SyncTable;
  sync_run: SyncRunTable;
  replay: ReplayTable;
}
