import type { Generated, GeneratedAlways } from 'kysely';
import type { DefaultInt8, DefaultJson, Int8, Json, NullableJson } from './columns';

interface JourneyTable {
  workspace_id: string;
  id: string;
  name: string;
  description: Generated<string>;
  live_version: number | null;
  state: Generated<string>;
  paused_at: Date | null;
  followed_until: Date | null;
  deleted_at: Date | null;
  test: NullableJson;
  usage_version: DefaultInt8;
  usage_violations: NullableJson;
  version: DefaultInt8;
  created_at: Date;
  updated_at: Date;
}

interface JourneyVersionTable {
  workspace_id: string;
  journey_id: string;
  version: number;
  definition: Json;
  created_at: Date;
  published_at: Date | null;
}

interface JourneyTestProfileTable {
  workspace_id: string;
  journey_id: string;
  profile_id: string;
  speed: number;
}

interface JourneyJobTable {
  workspace_id: string;
  id: string;
  journey_id: string;
  kind: string;
  to_version: number | null;
  step_map: DefaultJson;
  asked_by: string;
  asked_at: Date;
  after_id: Generated<string>;
  done: DefaultInt8;
  ended_at: Date | null;
  superseded: Generated<boolean>;
}

interface JourneyInstanceTable {
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
  goal_until: Date | null;
  followed: Generated<boolean>;
  entered_version: Generated<number>;
  reacted: DefaultJson;
  holdout: Generated<boolean>;
  speed: Generated<number>;
  entry: Json;
  context: DefaultJson;
  tokens: DefaultJson;
  visits: Generated<number>;
  sent: DefaultJson;
  revision: DefaultInt8;
}

interface JourneyWaitTable {
  workspace_id: string;
  instance_id: string;
  visit: number;
  person: number;
  due_at: Date | null;
}

interface JourneyTraceTable {
  workspace_id: string;
  instance_id: string;
  n: number;
  at: Date;
  visit: number;
  step: string;
  what: string;
  next: string | null;
  detail: NullableJson;
}

interface JourneyRefusalTable {
  workspace_id: string;
  journey_id: string;
  person: number;
  at: Date;
  n: GeneratedAlways<string>;
  version: number;
  code: string;
  detail: NullableJson;
}

interface JourneyCountTable {
  workspace_id: string;
  journey_id: string;
  version: number;
  step: string;
  what: string;
  partition: number;
  count: Int8;
}

interface JourneyCursorTable {
  workspace_id: string;
  partition: number;
  pos: DefaultInt8;
  epoch: number | null;
  delta_pos: DefaultInt8;
}

export interface JourneyTables {
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
}
