import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { WorkspaceSettings, WorkspaceView } from './workspace.dto';

interface Row {
  id: string;
  name: string;
  settings: WorkspaceSettings;
  version: string;
  created_at: Date;
}

const COLUMNS = 'id, name, settings, version, created_at';

const view = (row: Row): WorkspaceView => ({
  id: row.id,
  name: row.name,
  settings: row.settings,
  version: Number(row.version),
  createdAt: row.created_at,
});

@Injectable()
export class WorkspaceStore {
  async insert(
    tx: Transaction,
    workspace: { id: string; name: string; settings: WorkspaceSettings; at: Date },
  ): Promise<WorkspaceView> {
    const { id, name, settings, at } = workspace;
    const { rows } = await tx.query<Row>(
      `INSERT INTO workspace (id, name, settings, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) RETURNING ${COLUMNS}`,
      [id, name, JSON.stringify(settings), at],
    );
    return rows.map(view)[0] as WorkspaceView;
  }

  async list(tx: Transaction, afterId: string | undefined, limit: number): Promise<WorkspaceView[]> {
    const { rows } = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM workspace WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2`,
      [afterId ?? null, limit],
    );
    return rows.map(view);
  }

  async find(tx: Transaction, id: string, lock = false): Promise<WorkspaceView | undefined> {
    const { rows } = await tx.query<Row>(
      `SELECT ${COLUMNS} FROM workspace WHERE id = $1 ${lock ? 'FOR NO KEY UPDATE' : ''}`,
      [id],
    );
    return rows.map(view)[0];
  }

  async update(
    tx: Transaction,
    id: string,
    to: { name: string; settings: WorkspaceSettings; at: Date },
  ): Promise<WorkspaceView | undefined> {
    const { rows } = await tx.query<Row>(
      `UPDATE workspace SET name = $2, settings = $3, version = version + 1, updated_at = $4
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, to.name, JSON.stringify(to.settings), to.at],
    );
    return rows.map(view)[0];
  }
}
