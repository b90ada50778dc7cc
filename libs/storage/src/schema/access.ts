import type { Generated } from 'kysely';
import type { DefaultInt8, DefaultJson, NullableJson } from './columns';

interface WorkspaceTable {
  id: string;
  name: string;
  settings: DefaultJson;
  version: DefaultInt8;
  created_at: Date;
  updated_at: Date;
}

interface AccessKeyTable {
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

interface IdempotencyTable {
  workspace_id: string;
  key: string;
  request_hash: Buffer;
  status: number | null;
  headers: NullableJson;
  body: Buffer | null;
  created_at: Date;
  personal: Generated<boolean>;
}

type InstanceIdempotencyTable = Omit<IdempotencyTable, 'workspace_id'>;

interface AuditTable {
  workspace_id: string;
  id: string;
  at: Date;
  actor: string;
  action: string;
  target: string;
  detail: DefaultJson;
}

export interface AccessTables {
  workspace: WorkspaceTable;
  access_key: AccessKeyTable;
  idempotency: IdempotencyTable;
  instance_idempotency: InstanceIdempotencyTable;
  audit: AuditTable;
}
