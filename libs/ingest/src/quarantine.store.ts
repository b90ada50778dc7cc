import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { IngestView, QuarantinedDetail, QuarantinedView } from './ingest.dto';

interface QuarantineRow {
  id: string;
  pos: string;
  received_at: Date;
  message_id: string | null;
  code: string;
  reason: string;
  pointer: string;
}

const COLUMNS = 'id, pos, received_at, message_id, code, reason, pointer';

const view = (row: QuarantineRow): QuarantinedView => ({
  id: row.id,
  pos: Number(row.pos),
  receivedAt: row.received_at,
  messageId: row.message_id,
  code: row.code,
  reason: row.reason,
  pointer: row.pointer,
});

/** Reads what was set aside, and how far the workspace's events have come. */
@Injectable()
export class QuarantineStore {
  /** Newest first; `before` is the id where the page before ended. */
  async list(tx: Transaction, before: string | undefined, limit: number): Promise<QuarantinedView[]> {
    const { rows } = await tx.query<QuarantineRow>(
      `SELECT ${COLUMNS} FROM quarantine
       WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      [tx.workspaceId, before ?? null, limit],
    );
    return rows.map(view);
  }

  async one(tx: Transaction, id: string): Promise<QuarantinedDetail | undefined> {
    const { rows } = await tx.query<QuarantineRow & { payload: Buffer }>(
      `SELECT ${COLUMNS}, payload FROM quarantine WHERE workspace_id = $1 AND id = $2`,
      [tx.workspaceId, id],
    );
    const [row] = rows;
    return row && { ...view(row), payload: row.payload.toString() };
  }

  async progress(tx: Transaction): Promise<IngestView> {
    const { rows } = await tx.query<Record<keyof IngestView, string>>(
      `SELECT coalesce(sum(head), 0) AS head, coalesce(sum(applied), 0) AS applied,
         coalesce(sum(loaded), 0) AS loaded, coalesce(sum(accepted), 0) AS accepted,
         coalesce(sum(duplicates), 0) AS duplicates, coalesce(sum(quarantined), 0) AS quarantined
       FROM ingest_head WHERE workspace_id = $1`,
      [tx.workspaceId],
    );
    const [row] = rows;
    return {
      head: Number(row?.head),
      applied: Number(row?.applied),
      loaded: Number(row?.loaded),
      accepted: Number(row?.accepted),
      duplicates: Number(row?.duplicates),
      quarantined: Number(row?.quarantined),
    };
  }
}
