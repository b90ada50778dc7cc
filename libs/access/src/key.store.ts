import { Injectable } from '@nestjs/common';
import { Database, Transaction } from '@percorso/storage';
import type { KeyKind } from './key-format';

export interface StoredKey {
  workspaceId: string;
  id: string;
  kind: KeyKind;
  hash: Buffer;
  scopes: string[];
  expiresAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
}

export interface KeyRow {
  id: string;
  name: string;
  scopes: string[];
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

@Injectable()
export class KeyStore {
  constructor(private readonly database: Database) {}

  /** The row of a presented key, before its workspace is known: a policy opens exactly that one row. */
  async find(id: string): Promise<StoredKey | undefined> {
    return this.database.control(async (tx) => {
      await tx.query(`SELECT set_config('percorso.presented_key', $1, true)`, [id]);
      const { rows } = await tx.query<StoredKey>(
        `SELECT workspace_id AS "workspaceId", id, kind, hash, scopes, expires_at AS "expiresAt",
                revoked_at AS "revokedAt", last_used_at AS "lastUsedAt"
         FROM access_key WHERE id = $1`,
        [id],
      );
      return rows[0];
    });
  }

  async touch(workspaceId: string, id: string, at: Date): Promise<void> {
    await this.database.tx(workspaceId, (tx) =>
      tx.query(`UPDATE access_key SET last_used_at = greatest(last_used_at, $2) WHERE id = $1`, [id, at]),
    );
  }

  async insert(
    tx: Transaction,
    key: {
      id: string;
      kind: KeyKind;
      name: string;
      hash: Buffer;
      scopes: string[];
      createdAt: Date;
      expiresAt: Date | null;
    },
  ): Promise<void> {
    await tx.query(
      `INSERT INTO access_key (workspace_id, id, kind, name, hash, scopes, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [tx.workspaceId, key.id, key.kind, key.name, key.hash, key.scopes, key.createdAt, key.expiresAt],
    );
  }

  /** Keys still in force, oldest first. */
  async list(tx: Transaction, kind: KeyKind, afterId: string | undefined, limit: number): Promise<KeyRow[]> {
    const { rows } = await tx.query<KeyRow>(
      `SELECT id, name, scopes, created_at, expires_at, revoked_at, last_used_at FROM access_key
       WHERE workspace_id = $1 AND kind = $2 AND revoked_at IS NULL AND id > $3 ORDER BY id LIMIT $4`,
      [tx.workspaceId, kind, afterId ?? '', limit],
    );
    return rows;
  }

  /** Whether there was a key in force to revoke. */
  async revoke(tx: Transaction, kind: KeyKind, id: string, at: Date): Promise<boolean> {
    const { rowCount } = await tx.query(
      `UPDATE access_key SET revoked_at = $4
       WHERE workspace_id = $1 AND kind = $2 AND id = $3 AND revoked_at IS NULL`,
      [tx.workspaceId, kind, id, at],
    );
    return rowCount === 1;
  }
}
