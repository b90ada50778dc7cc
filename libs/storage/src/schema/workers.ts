import type { DefaultInt8 } from './columns';

interface WorkerTable {
  id: string;
  name: string;
  kinds: string[];
  alive_until: Date;
}

interface LeaseTable {
  workspace_id: string;
  kind: string;
  partition: number;
  owner: string | null;
  fence: DefaultInt8;
}

export interface WorkerTables {
  worker: WorkerTable;
  lease: LeaseTable;
}
