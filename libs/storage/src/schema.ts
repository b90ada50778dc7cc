import { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely';

/** bigint: text when read (node-postgres), text, number or bigint when written. */
type Int8 = ColumnType<string, string | number | bigint, string | number | bigint>;
/** jsonb: parsed when read, JSON text when written. */
type Json = JSONColumnType<object>;

export interface WorkspaceTable {
  id: string;
  name: string;
  settings: ColumnType<object, string | undefined, string>;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  created_at: Date;
  updated_at: Date;
}

export interface AccessKeyTable {
  workspace_id: string;
  id: string;
  kind: string;
  name: string;
  hash: Buffer;
  scopes: Generated<string[]>;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

export interface IdempotencyTable {
  workspace_id: string;
  key: string;
  request_hash: Buffer;
  status: number | null;
  headers: JSONColumnType<object | null>;
  body: Buffer | null;
  created_at: Date;
  personal: Generated<boolean>;
}

export type InstanceIdempotencyTable = Omit<IdempotencyTable, 'workspace_id'>;

export interface AuditTable {
  workspace_id: string;
  id: string;
  at: Date;
  actor: string;
  action: string;
  target: string;
  detail: ColumnType<object, string | undefined, string>;
}

export interface IngestHeadTable {
  workspace_id: string;
  partition: Generated<number>;
  head: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  applied: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  loaded: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  accepted: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  duplicates: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  quarantined: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
}

export interface IngestLogTable {
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

export interface MessageSeenTable {
  workspace_id: string;
  message_hash: Buffer;
  seen_at: Date;
}

export interface QuarantineTable {
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

export interface NamespaceTable {
  workspace_id: string;
  code: string;
  title: string;
  uniqueness: string;
  priority: number;
  normalization: Generated<string>;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  created_at: Date;
  updated_at: Date;
}

export interface IdentityCounterTable {
  workspace_id: string;
  last_node: Generated<number>;
}

export interface IdentityNodeTable {
  workspace_id: string;
  node: number;
  namespace: string;
  value: string;
  home: number;
  person: number;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  dirty: Generated<boolean>;
  first_seen: Date;
}

export interface MergeTable {
  workspace_id: string;
  id: string;
  winner: number;
  loser: number;
  cause: Json;
  at: Date;
  reversed_at: Date | null;
}

export interface MergeRefusalTable {
  workspace_id: string;
  id: string;
  at: Date;
  partition: number;
  pos: Int8;
  kept: number;
  refused: number;
  namespace: string;
}

export interface ProfileFragmentTable {
  workspace_id: string;
  home: number;
  traits: ColumnType<object, string | undefined, string>;
  consent: ColumnType<object, string | undefined, string>;
  groups: Generated<string[]>;
  first_seen: Date;
  last_seen: Date;
}

export interface ProfileTable {
  workspace_id: string;
  person: number;
  id: string;
  state: Generated<string>;
  traits: ColumnType<object, string | undefined, string>;
  consent: ColumnType<object, string | undefined, string>;
  groups: Generated<string[]>;
  computed: ColumnType<object, string | undefined, string>;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  dirty: Generated<boolean>;
  created_at: Date;
  updated_at: Date;
}

export interface ErasureTable {
  workspace_id: string;
  id: string;
  profile_id: string | null;
  persons: number[];
  nodes: number[];
  requested_at: Date;
  done_at: Date | null;
}

export interface ErasurePlaceTable {
  workspace_id: string;
  erasure_id: string;
  place: string;
  state: string;
  count: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  waiting_for: string | null;
  progress: JSONColumnType<object | null>;
  look_at: Date;
  done_at: Date | null;
}

export interface TombstoneTable {
  workspace_id: string;
  hash: Buffer;
  erasure_id: string;
}

export interface GroupAccountTable {
  workspace_id: string;
  id: string;
  traits: ColumnType<object, string | undefined, string>;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  updated_at: Date;
  dirty: Generated<boolean>;
}

export interface AccountMemberTable {
  workspace_id: string;
  account_id: string;
  home: number;
}

export interface AccountWakeTable {
  workspace_id: string;
  account_id: string;
  after_home: Generated<number>;
  at: Date;
  again: Generated<boolean>;
}

export interface MemberConditionTable {
  workspace_id: string;
  id: GeneratedAlways<number>;
  key: string;
  state: Generated<string>;
}

export interface MemberMatchTable {
  workspace_id: string;
  condition_id: number;
  account_id: string;
  person: number;
}

export interface EventTable {
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
  context: ColumnType<object, string | undefined, string>;
}

export interface EventArchiveTable {
  workspace_id: string;
  pos: Int8;
  node: number;
  received_before: Date;
  since: Date;
  cleared: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
}

export interface LoadBatchTable {
  workspace_id: string;
  partition: number;
  from_pos: Int8;
  to_pos: Int8;
  token: string;
}

export interface AudienceTable {
  workspace_id: string;
  id: string;
  name: string;
  description: Generated<string>;
  state: Generated<string>;
  definition_version: Generated<number>;
  members: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  as_of_pos: ColumnType<string | null, string | number | bigint | null, string | number | bigint | null>;
  evaluated_at: Date | null;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  created_at: Date;
  updated_at: Date;
  backfilled_version: Generated<number | null>;
}

export interface LookupVersionTable {
  workspace_id: string;
  version: Int8;
}

export interface LookupItemTable {
  workspace_id: string;
  name: string;
  key: string;
  fields: Json;
  deleted: Generated<boolean>;
  version: Int8;
  dirty: Generated<boolean>;
}

export interface AudienceListTable {
  workspace_id: string;
  audience_id: string;
  node: number;
  import_id: string;
  listed: Generated<boolean>;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  dirty: Generated<boolean>;
}

export interface AudienceImportTable {
  workspace_id: string;
  audience_id: string;
  id: string;
  lease_until: Date;
}

export interface AudienceDefinitionTable {
  workspace_id: string;
  audience_id: string;
  version: number;
  definition: Json;
  created_at: Date;
}

export interface AudienceScheduleTable {
  workspace_id: string;
  audience_id: string;
  rule: Json;
  paused: Generated<boolean>;
  due_at: Date | null;
  quiet_ms: ColumnType<string | null, string | number | bigint | null, string | number | bigint | null>;
  at_most_ms: ColumnType<string | null, string | number | bigint | null, string | number | bigint | null>;
  seen_pos: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  last_due_at: Date | null;
  last_run_at: Date | null;
  last_evaluation_id: string | null;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  created_at: Date;
  updated_at: Date;
}

export interface EvaluationTable {
  workspace_id: string;
  id: string;
  audience_id: string;
  definition_version: number;
  state: Generated<string>;
  as_of_pos: ColumnType<string | null, string | number | bigint | null, string | number | bigint | null>;
  as_of: Date | null;
  members: ColumnType<string | null, string | number | bigint | null, string | number | bigint | null>;
  entered: ColumnType<string | null, string | number | bigint | null, string | number | bigint | null>;
  exited: ColumnType<string | null, string | number | bigint | null, string | number | bigint | null>;
  error: string | null;
  fence: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  lease_until: Date | null;
  created_at: Date;
  ended_at: Date | null;
  drift: string | null;
  cause: string | null;
}

export interface MembershipTable {
  workspace_id: string;
  audience_id: string;
  person: number;
  profile_id: string;
  member: boolean;
  version: Int8;
  definition_version: number;
  since: Date;
}

export interface MembershipDeltaTable {
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
  pos: ColumnType<string | null, string | number | bigint | null, string | number | bigint | null>;
}

export interface MembershipLogTable {
  workspace_id: string;
  epoch: Generated<number>;
  head: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
}

export interface ConnectorTable {
  workspace_id: string;
  id: string;
  plugin_id: string;
  name: string;
  settings: Json;
  secrets: ColumnType<object, string | undefined, string>;
  state: Generated<string>;
  check_result: JSONColumnType<object | null>;
  resume_at: Date | null;
  failures: Generated<number>;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  created_at: Date;
  updated_at: Date;
}

export interface MappingTable {
  workspace_id: string;
  id: string;
  name: string;
  current: Generated<number>;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  created_at: Date;
  updated_at: Date;
}

export interface MappingVersionTable {
  workspace_id: string;
  mapping_id: string;
  version: number;
  expression: string;
  required: Generated<string[]>;
  examples: ColumnType<object, string | undefined, string>;
  created_at: Date;
}

export interface SyncTable {
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
  cursor_pos: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  created_at: Date;
  updated_at: Date;
}

export interface SyncRunTable {
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
  planned: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  fence: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
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

export interface EffectTable {
  workspace_id: string;
  id: string;
  key: string;
  run_id: string | null;
  sync_id: string | null;
  connector_id: string;
  person: number;
  profile_id: string;
  membership_version: Int8;
  revision: Generated<number>;
  mapping_version: number | null;
  operation: string;
  payload: JSONColumnType<object | null>;
  content_hash: string | null;
  channel: string | null;
  address: string | null;
  state: string;
  reason_code: string | null;
  reason: string | null;
  pointer: string | null;
  attempt: Generated<number>;
  due_at: Date;
  fence: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  lease_until: Date | null;
  doubtful_since: Date | null;
  provider_id: string | null;
  created_at: Date;
  updated_at: Date;
  priority: Generated<number>;
  changed_at: Date | null;
  watched: Generated<boolean>;
  response: JSONColumnType<object | null>;
  replay_id: string | null;
  reopened_at: Date | null;
}

export interface DeliveryFlowTable {
  workspace_id: string;
  place: string;
  per_second: number | null;
  concurrency: number | null;
  free_at: Date | null;
  rest_until: Date | null;
  learned_per_second: number | null;
  step_per_second: number | null;
  learned_at: Date | null;
  breaker: Generated<string>;
  failures: Generated<number>;
  reason: string | null;
  probe_at: Date | null;
  told_at: Date | null;
  lag_ms: number | null;
  host: string | null;
  when_unknown: Generated<string>;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
}

export interface EffectAttemptTable {
  workspace_id: string;
  effect_id: string;
  attempt: number;
  started_at: Date;
  ended_at: Date | null;
  outcome: string | null;
  code: string | null;
}

export interface ExchangeTable {
  workspace_id: string;
  id: string;
  items: number;
  detail: Json;
  at: Date;
}

export interface EffectExchangeTable {
  workspace_id: string;
  effect_id: string;
  exchange_id: string;
  item: number;
}

export interface ReplayTable {
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

export interface EffectDiscardTable {
  workspace_id: string;
  effect_id: string;
  note: string;
  actor: string;
  at: Date;
}

export interface SuppressionTable {
  workspace_id: string;
  channel: string;
  address: string;
  reason: string;
  source: string;
  at: Date;
}

export interface FeedbackCursorTable {
  workspace_id: string;
  connector_id: string;
  cursor: Json;
  polled_at: Date;
}

/** Every table of the percorso schema, as Kysely sees it. */
export interface StreamCursorTable {
  workspace_id: string;
  partition: Generated<number>;
  pos: Generated<string>;
  next_wake: Date | null;
  horizon: Date | null;
  swept_at: Date | null;
  turn: Generated<string>;
}

export interface WorkerTable {
  id: string;
  name: string;
  kinds: string[];
  alive_until: Date;
}

export interface LeaseTable {
  workspace_id: string;
  kind: string;
  partition: number;
  owner: string | null;
  fence: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
}

export interface ProfileWakeTable {
  workspace_id: string;
  person: number;
  due_at: Date | null;
  rebuild: Generated<boolean>;
  evaluated_at: Date | null;
  cause: JSONColumnType<object | null>;
}

export interface DataSchemaTable {
  workspace_id: string;
  kind: string;
  name: string;
  version: number;
  schema: Json;
  policy: string;
  created_at: Date;
}

export interface SchemaViolationTable {
  workspace_id: string;
  kind: string;
  name: string;
  version: number;
  rule: string;
  count: Int8;
  last_pos: Int8;
  last_at: Date;
}

export interface MergePolicyTable {
  workspace_id: string;
  version: Int8;
  policy: Json;
  created_at: Date;
  after_person: Generated<number>;
  until_person: number;
  profiles: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  changed: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  ended_at: Date | null;
}

export interface ConnectorHookTable {
  workspace_id: string;
  id: string;
  connector_id: string;
  token_hash: Buffer;
  created_at: Date;
  last_used_at: Date | null;
}

export interface ReceiptTakenTable {
  workspace_id: string;
  connector_id: string;
  digest: Buffer;
  taken_at: Date;
}

export interface ComputedTraitTable {
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

export interface ComputedTraitDefinitionTable {
  workspace_id: string;
  key: string;
  version: number;
  definition: Json;
  created_at: Date;
}

export interface JourneyTable {
  workspace_id: string;
  id: string;
  name: string;
  description: Generated<string>;
  live_version: number | null;
  state: Generated<string>;
  paused_at: Date | null;
  deleted_at: Date | null;
  test: JSONColumnType<object | null>;
  usage_version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  usage_violations: JSONColumnType<object | null>;
  version: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  created_at: Date;
  updated_at: Date;
}

export interface JourneyVersionTable {
  workspace_id: string;
  journey_id: string;
  version: number;
  definition: Json;
  created_at: Date;
  published_at: Date | null;
}

export interface JourneyTestProfileTable {
  workspace_id: string;
  journey_id: string;
  profile_id: string;
  speed: number;
}

export interface JourneyJobTable {
  workspace_id: string;
  id: string;
  journey_id: string;
  kind: string;
  to_version: number | null;
  step_map: ColumnType<object, string | undefined, string>;
  asked_by: string;
  asked_at: Date;
  after_id: Generated<string>;
  done: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  ended_at: Date | null;
  superseded: Generated<boolean>;
}

export interface JourneyInstanceTable {
  workspace_id: string;
  id: string;
  journey_id: string;
  version: number;
  person: number;
  profile_id: string;
  key: string | null;
  state: string;
  end_reason: string | null;
  entered_at: Date;
  ended_at: Date | null;
  goal_at: Date | null;
  holdout: Generated<boolean>;
  speed: Generated<number>;
  entry: Json;
  context: ColumnType<object, string | undefined, string>;
  tokens: ColumnType<object, string | undefined, string>;
  visits: Generated<number>;
  sent: ColumnType<object, string | undefined, string>;
  revision: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
}

export interface JourneyWaitTable {
  workspace_id: string;
  instance_id: string;
  visit: number;
  person: number;
  due_at: Date | null;
}

export interface JourneyTraceTable {
  workspace_id: string;
  instance_id: string;
  n: number;
  at: Date;
  visit: number;
  step: string;
  what: string;
  next: string | null;
  detail: JSONColumnType<object | null>;
}

export interface JourneyRefusalTable {
  workspace_id: string;
  journey_id: string;
  person: number;
  at: Date;
  n: GeneratedAlways<string>;
  version: number;
  code: string;
  detail: JSONColumnType<object | null>;
}

export interface JourneyCountTable {
  workspace_id: string;
  journey_id: string;
  version: number;
  step: string;
  what: string;
  partition: number;
  count: Int8;
}

export interface JourneyCursorTable {
  workspace_id: string;
  partition: number;
  pos: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
  epoch: number | null;
  delta_pos: ColumnType<string, string | number | bigint | undefined, string | number | bigint>;
}

export interface EffectNewsTable {
  workspace_id: string;
  n: GeneratedAlways<string>;
  effect_id: string;
  key: string;
  person: number;
  state: string;
  code: string | null;
  response: JSONColumnType<object | null>;
  at: Date;
}

export interface Schema {
  workspace: WorkspaceTable;
  access_key: AccessKeyTable;
  idempotency: IdempotencyTable;
  instance_idempotency: InstanceIdempotencyTable;
  audit: AuditTable;
  ingest_head: IngestHeadTable;
  ingest_log: IngestLogTable;
  message_seen: MessageSeenTable;
  quarantine: QuarantineTable;
  namespace: NamespaceTable;
  identity_counter: IdentityCounterTable;
  identity_node: IdentityNodeTable;
  merge: MergeTable;
  merge_refusal: MergeRefusalTable;
  profile_fragment: ProfileFragmentTable;
  profile: ProfileTable;
  erasure: ErasureTable;
  erasure_place: ErasurePlaceTable;
  tombstone: TombstoneTable;
  data_schema: DataSchemaTable;
  schema_violation: SchemaViolationTable;
  merge_policy: MergePolicyTable;
  group_account: GroupAccountTable;
  account_member: AccountMemberTable;
  account_wake: AccountWakeTable;
  member_condition: MemberConditionTable;
  member_match: MemberMatchTable;
  member_wake: AccountWakeTable;
  event: EventTable;
  event_archive: EventArchiveTable;
  load_batch: LoadBatchTable;
  audience: AudienceTable;
  lookup_version: LookupVersionTable;
  lookup_item: LookupItemTable;
  audience_list: AudienceListTable;
  audience_import: AudienceImportTable;
  audience_schedule: AudienceScheduleTable;
  audience_definition: AudienceDefinitionTable;
  connector_hook: ConnectorHookTable;
  receipt_taken: ReceiptTakenTable;
  computed_trait: ComputedTraitTable;
  computed_trait_definition: ComputedTraitDefinitionTable;
  evaluation: EvaluationTable;
  membership: MembershipTable;
  membership_delta: MembershipDeltaTable;
  membership_log: MembershipLogTable;
  stream_cursor: StreamCursorTable;
  worker: WorkerTable;
  lease: LeaseTable;
  profile_wake: ProfileWakeTable;
  connector: ConnectorTable;
  mapping: MappingTable;
  mapping_version: MappingVersionTable;
  sync: SyncTable;
  sync_run: SyncRunTable;
  effect: EffectTable;
  effect_attempt: EffectAttemptTable;
  effect_discard: EffectDiscardTable;
  exchange: ExchangeTable;
  effect_exchange: EffectExchangeTable;
  replay: ReplayTable;
  delivery_flow: DeliveryFlowTable;
  suppression: SuppressionTable;
  feedback_cursor: FeedbackCursorTable;
  journey: JourneyTable;
  journey_version: JourneyVersionTable;
  journey_test_profile: JourneyTestProfileTable;
  journey_job: JourneyJobTable;
  journey_instance: JourneyInstanceTable;
  journey_wait: JourneyWaitTable;
  journey_trace: JourneyTraceTable;
  journey_refusal: JourneyRefusalTable;
  journey_count: JourneyCountTable;
  journey_cursor: JourneyCursorTable;
  effect_news: EffectNewsTable;
}
