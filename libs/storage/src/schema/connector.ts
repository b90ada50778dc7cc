import type { Generated } from 'kysely';
import type { DefaultInt8, DefaultJson, Json, NullableJson } from './columns';

interface ConnectorTable {
  workspace_id: string;
  id: string;
  plugin_id: string;
  name: string;
  settings: Json;
  secrets: DefaultJson;
  state: Generated<string>;
  check_result: NullableJson;
  resume_at: Date | null;
  failures: Generated<number>;
  version: DefaultInt8;
  created_at: Date;
  updated_at: Date;
}

export interface ConnectorTables {
  connector: ConnectorTable;
}
