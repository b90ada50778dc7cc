import type { Generated } from 'kysely';
import type { DefaultInt8, DefaultJson, Int8, Json, NullableJson } from './columns';

interface ProfileFragmentTable {
  workspace_id: string;
  home: number;
  traits: DefaultJson;
  consent: DefaultJson;
  groups: Generated<string[]>;
  first_seen: Date;
  last_seen: Date;
}

interface ProfileTable {
  workspace_id: string;
  person: number;
  id: string;
  state: Generated<string>;
  traits: DefaultJson;
  consent: DefaultJson;
  groups: Generated<string[]>;
  computed: DefaultJson;
  version: DefaultInt8;
  dirty: Generated<boolean>;
  created_at: Date;
  updated_at: Date;
}

interface MergePolicyTable {
  workspace_id: string;
  version: Int8;
  policy: Json;
  created_at: Date;
  after_person: Generated<number>;
  until_person: number;
  profiles: DefaultInt8;
  changed: DefaultInt8;
  ended_at: Date | null;
}

interface GroupAccountTable {
  workspace_id: string;
  id: string;
  traits: DefaultJson;
  version: DefaultInt8;
  updated_at: Date;
  dirty: Generated<boolean>;
}

interface AccountMemberTable {
  workspace_id: string;
  account_id: string;
  home: number;
}

interface EventTable {
  workspace_id: string;
  partition: number;
  pos: Int8;
  message_id: string;
  node: number;
  type: string;
  name: string;
  occurred_at: Date;
  sent_at: Date | null;
  received_at: Date;
  source_id: string;
  properties: Json;
  context: DefaultJson;
}

interface EventArchiveTable {
  workspace_id: string;
  pos: Int8;
  node: number;
  received_before: Date;
  since: Date;
  cleared: DefaultInt8;
}

interface LoadBatchTable {
  workspace_id: string;
  partition: number;
  from_pos: Int8;
  to_pos: Int8;
  token: string;
}

interface DataSchemaTable {
  workspace_id: string;
  kind: string;
  name: string;
  version: number;
  schema: Json;
  policy: string;
  created_at: Date;
}

interface SchemaViolationTable {
  workspace_id: string;
  kind: string;
  name: string;
  version: number;
  rule: string;
  count: Int8;
  last_pos: Int8;
  last_at: Date;
}

interface ErasureTable {
  workspace_id: string;
  id: string;
  profile_id: string | null;
  persons: number[];
  nodes: number[];
  requested_at: Date;
  done_at: Date | null;
}

interface ErasurePlaceTable {
  workspace_id: string;
  erasure_id: string;
  place: string;
  state: string;
  count: DefaultInt8;
  waiting_for: string | null;
  progress: NullableJson;
  look_at: Date;
  done_at: Date | null;
}

interface TombstoneTable {
  workspace_id: string;
  hash: Buffer;
  erasure_id: string;
}

export interface ProfileTables {
  profile_fragment: ProfileFragmentTable;
  profile: ProfileTable;
  merge_policy: MergePolicyTable;
  group_account: GroupAccountTable;
  account_member: AccountMemberTable;
  event: EventTable;
  event_archive: EventArchiveTable;
  load_batch: LoadBatchTable;
  data_schema: DataSchemaTable;
  schema_violation: SchemaViolationTable;
  erasure: ErasureTable;
  erasure_place: ErasurePlaceTable;
  tombstone: TombstoneTable;
}
