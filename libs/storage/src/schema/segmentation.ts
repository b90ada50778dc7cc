import type { Generated, GeneratedAlways } from 'kysely';
import type { DefaultInt8, Int8, Json, NullableInt8, NullableJson } from './columns';

interface AudienceTable {
  workspace_id: string;
  id: string;
  name: string;
  description: Generated<string>;
  state: Generated<string>;
  definition_version: Generated<number>;
  members: DefaultInt8;
  as_of_pos: NullableInt8;
  evaluated_at: Date | null;
  version: DefaultInt8;
  created_at: Date;
  updated_at: Date;
  backfilled_version: Generated<number | null>;
}

interface AudienceDefinitionTable {
  workspace_id: string;
  audience_id: string;
  version: number;
  definition: Json;
  created_at: Date;
}

interface AudienceScheduleTable {
  workspace_id: string;
  audience_id: string;
  rule: Json;
  paused: Generated<boolean>;
  due_at: Date | null;
  quiet_ms: NullableInt8;
  at_most_ms: NullableInt8;
  seen_pos: DefaultInt8;
  last_due_at: Date | null;
  last_run_at: Date | null;
  last_evaluation_id: string | null;
  version: DefaultInt8;
  created_at: Date;
  updated_at: Date;
}

interface AudienceListTable {
  workspace_id: string;
  audience_id: string;
  node: number;
  import_id: string;
  listed: Generated<boolean>;
  version: DefaultInt8;
  dirty: Generated<boolean>;
}

interface AudienceImportTable {
  workspace_id: string;
  audience_id: string;
  id: string;
  lease_until: Date;
}

interface LookupVersionTable {
  workspace_id: string;
  version: Int8;
}

interface LookupItemTable {
  workspace_id: string;
  name: string;
  key: string;
  fields: Json;
  deleted: Generated<boolean>;
  version: Int8;
  dirty: Generated<boolean>;
}

interface ComputedTraitTable {
  workspace_id: string;
  key: string;
  id: string;
  description: Generated<string>;
  state: Generated<string>;
  definition_version: Generated<number>;
  backfilled_version: number | null;
  asked: Generated<string>;
  done: Generated<string>;
  moved: Generated<boolean>;
  fence: Generated<string>;
  lease_until: Date | null;
  as_of_pos: string | null;
  computed_at: Date | null;
  drift: string | null;
  error: string | null;
  version: Generated<string>;
  created_at: Date;
  updated_at: Date;
}

interface ComputedTraitDefinitionTable {
  workspace_id: string;
  key: string;
  version: number;
  definition: Json;
  created_at: Date;
}

interface EvaluationTable {
  workspace_id: string;
  id: string;
  audience_id: string;
  definition_version: number;
  state: Generated<string>;
  as_of_pos: NullableInt8;
  as_of: Date | null;
  members: NullableInt8;
  entered: NullableInt8;
  exited: NullableInt8;
  error: string | null;
  fence: DefaultInt8;
  lease_until: Date | null;
  created_at: Date;
  ended_at: Date | null;
  drift: string | null;
  cause: string | null;
}

interface MembershipTable {
  workspace_id: string;
  audience_id: string;
  person: number;
  profile_id: string;
  member: boolean;
  version: Int8;
  definition_version: number;
  since: Date;
}

interface MembershipDeltaTable {
  workspace_id: string;
  n: GeneratedAlways<string>;
  audience_id: string;
  person: number;
  profile_id: string;
  op: string;
  version: Int8;
  cause: Json;
  definition_version: number;
  at: Date;
  pos: NullableInt8;
}

interface MembershipLogTable {
  workspace_id: string;
  epoch: Generated<number>;
  head: DefaultInt8;
}

interface StreamCursorTable {
  workspace_id: string;
  partition: Generated<number>;
  pos: Generated<string>;
  next_wake: Date | null;
  horizon: Date | null;
  swept_at: Date | null;
  turn: Generated<string>;
}

interface ProfileWakeTable {
  workspace_id: string;
  person: number;
  due_at: Date | null;
  rebuild: Generated<boolean>;
  evaluated_at: Date | null;
  cause: NullableJson;
}

interface AccountWakeTable {
  workspace_id: string;
  account_id: string;
  after_home: Generated<number>;
  at: Date;
  again: Generated<boolean>;
}

interface MemberConditionTable {
  workspace_id: string;
  id: GeneratedAlways<number>;
  key: string;
  state: Generated<string>;
}

interface MemberMatchTable {
  workspace_id: string;
  condition_id: number;
  account_id: string;
  person: number;
}

export interface SegmentationTables {
  audience: AudienceTable;
  audience_definition: AudienceDefinitionTable;
  audience_schedule: AudienceScheduleTable;
  audience_list: AudienceListTable;
  audience_import: AudienceImportTable;
  lookup_version: LookupVersionTable;
  lookup_item: LookupItemTable;
  computed_trait: ComputedTraitTable;
  computed_trait_definition: ComputedTraitDefinitionTable;
  evaluation: EvaluationTable;
  membership: MembershipTable;
  membership_delta: MembershipDeltaTable;
  membership_log: MembershipLogTable;
  stream_cursor: StreamCursorTable;
  profile_wake: ProfileWakeTable;
  account_wake: AccountWakeTable;
  member_condition: MemberConditionTable;
  member_match: MemberMatchTable;
  member_wake: AccountWakeTable;
}
