import { Injectable } from '@nestjs/common';
import { Database, Transaction } from '@percorso/storage';

/** What an earlier request of the same key left; `status` is null while it runs. */
export interface KeptAnswer {
  requestHash: Buffer;
  status: number | null;
  headers: Record<string, string> | null;
  body: Buffer | null;
  createdAt: Date;
}

/** Answers by (caller, Idempotency-Key), in the caller's workspace or, for the root key, beside all workspaces. */
@Injectable()
export class IdempotencyStore {
  constructor(private readonly database: Database) {}

  /**
   * Begin a request: undefined when it is the first of its key, else what the first left. A finished one older than
   * `keptSince`, or one still open but begun before `openSince` (its hub died), makes room.
   */
  async begin(
    workspaceId: string | undefined,
    key: string,
    requestHash: Buffer,
    asked: { now: Date; keptSince: Date; openSince: Date; personal: boolean },
  ): Promise<KeptAnswer | undefined> {
    return this.run(workspaceId, async (tx, table, columns, values) => {
      const { rowCount } = await tx.query(
        `INSERT INTO ${table} (${[...columns, 'key', 'request_hash', 'created_at', 'personal'].join(', ')})
         VALUES (${values}$1, $2, $3, $6)
         ON CONFLICT (${[...columns, 'key'].join(', ')}) DO UPDATE
         SET request_hash = excluded.request_hash, created_at = excluded.created_at, status = NULL, headers = NULL, body = NULL
         WHERE ${table}.created_at < CASE WHEN ${table}.status IS NULL THEN $5::timestamptz ELSE $4::timestamptz END
           AND (${table}.status IS NOT NULL OR ${table}.request_hash = excluded.request_hash)`,
        [key, requestHash, asked.now, asked.keptSince, asked.openSince, asked.personal],
      );
      if (rowCount === 1) return undefined;
      const { rows } = await tx.query<KeptAnswer>(
        `SELECT request_hash AS "requestHash", status, headers, body, created_at AS "createdAt" FROM ${table} WHERE key = $1`,
        [key],
      );
      return rows[0];
    });
  }

  /** Keep the answer, unless another took the key over meanwhile. */
  async finish(
    workspaceId: string | undefined,
    key: string,
    begun: Date,
    answer: { status: number; headers: Record<string, string>; body: Buffer | null },
  ): Promise<void> {
    await this.run(workspaceId, (tx, table) =>
      tx.query(
        `UPDATE ${table} SET status = $3, headers = $4, body = $5 WHERE key = $1 AND created_at = $2 AND status IS NULL`,
        [key, begun, answer.status, JSON.stringify(answer.headers), answer.body],
      ),
    );
  }

  /** The request came to nothing: its key may be used again. */
  async release(workspaceId: string | undefined, key: string, begun: Date): Promise<void> {
    await this.run(workspaceId, (tx, table) =>
      tx.query(`DELETE FROM ${table} WHERE key = $1 AND created_at = $2 AND status IS NULL`, [key, begun]),
    );
  }

  /** Forgets some of what was begun before `before`; how many. */
  async forget(workspaceId: string | undefined, before: Date, limit: number): Promise<number> {
    const { rowCount } = await this.run(workspaceId, (tx, table) =>
      tx.query(
        `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE created_at < $1 LIMIT $2))`,
        [before, limit],
      ),
    );
    return rowCount ?? 0;
  }

  private run<T>(
    workspaceId: string | undefined,
    work: (tx: Transaction, table: string, columns: string[], values: string) => Promise<T>,
  ): Promise<T> {
    if (workspaceId === undefined) {
      return this.database.control((tx) => work(tx, 'instance_idempotency', [], ''));
    }
    const values = `current_setting('percorso.workspace')::uuid, `;
    return this.database.tx(workspaceId, (tx) => work(tx, 'idempotency', ['workspace_id'], values));
  }
}
