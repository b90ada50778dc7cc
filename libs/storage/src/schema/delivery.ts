import type { Generated, GeneratedAlways } from 'kysely';
import type { DefaultInt8, Int8, Json, NullableJson } from './columns';

interface EffectTable {
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
  payload: NullableJson;
  content_hash: string | null;
  channel: string | null;
  address: string | null;
  state: string;
  reason_code: string | null;
  reason: string | null;
  pointer: string | null;
  attempt: Generated<number>;
  due_at: Date;
  fence: DefaultInt8;
  lease_until: Date | null;
  doubtful_since: Date | null;
  provider_id: string | null;
  created_at: Date;
  updated_at: Date;
  priority: Generated<number>;
  changed_at: Date | null;
  watched: Generated<boolean>;
  response: NullableJson;
  replay_id: string | null;
  reopened_at: Date | null;
}

interface EffectAttemptTable {
  workspace_id: string;
  effect_id: string;
  attempt: number;
  started_at: Date;
  ended_at: Date | null;
  outcome: string | null;
  code: string | null;
}

interface EffectDiscardTable {
  workspace_id: string;
  effect_id: string;
  note: string;
  actor: string;
  at: Date;
}

interface EffectNewsTable {
  workspace_id: string;
  n: GeneratedAlways<string>;
  effect_id: string;
  key: string;
  person: number;
  state: string;
  code: string | null;
  response: NullableJson;
  at: Date;
}

interface ExchangeTable {
  workspace_id: string;
  id: string;
  items: number;
  detail: Json;
  at: Date;
}

interface EffectExchangeTable {
  workspace_id: string;
  effect_id: string;
  exchange_id: string;
  item: number;
}

interface DeliveryFlowTable {
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
  version: DefaultInt8;
}

interface SuppressionTable {
  workspace_id: string;
  channel: string;
  address: string;
  reason: string;
  source: string;
  at: Date;
}

export interface DeliveryTables {
  effect: EffectTable;
  effect_attempt: EffectAttemptTable;
  effect_discard: EffectDiscardTable;
  effect_news: EffectNewsTable;
  exchange: ExchangeTable;
  effect_exchange: EffectExchangeTable;
  delivery_flow: DeliveryFlowTable;
  suppression: SuppressionTable;
}
