import type { Generated } from 'kysely';
import type { DefaultInt8, Int8, Json } from './columns';

interface NamespaceTable {
  workspace_id: string;
  code: string;
  title: string;
  uniqueness: string;
  priority: number;
  normalization: Generated<string>;
  version: DefaultInt8;
  created_at: Date;
  updated_at: Date;
}

interface IdentityCounterTable {
  workspace_id: string;
  last_node: Generated<number>;
}

interface IdentityNodeTable {
  workspace_id: string;
  node: number;
  namespace: string;
  value: string;
  home: number;
  person: number;
  version: DefaultInt8;
  dirty: Generated<boolean>;
  first_seen: Date;
}

interface MergeTable {
  workspace_id: string;
  id: string;
  winner: number;
  loser: number;
  cause: Json;
  at: Date;
  reversed_at: Date | null;
}

interface MergeRefusalTable {
  workspace_id: string;
  id: string;
  at: Date;
  partition: number;
  pos: Int8;
  kept: number;
  refused: number;
  namespace: string;
}

export interface IdentityTables {
  namespace: NamespaceTable;
  identity_counter: IdentityCounterTable;
  identity_node: IdentityNodeTable;
  merge: MergeTable;
  merge_refusal: MergeRefusalTable;
}
