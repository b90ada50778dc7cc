import { Injectable } from '@nestjs/common';
import { Transaction } from '@percorso/storage';
import { ErasurePlace, OpenErasure, PlaceStep } from './erasure-place';

/** Answers kept for an Idempotency-Key that may quote a person; they are sealed, so all of them go. */
@Injectable()
export class IdempotencyPlace implements ErasurePlace {
  readonly name = 'idempotency';

  async step(tx: Transaction, erasure: OpenErasure): Promise<PlaceStep> {
    const gone = await tx.query(
      `DELETE FROM idempotency WHERE workspace_id = $1 AND personal AND status IS NOT NULL AND created_at <= $2`,
      [tx.workspaceId, erasure.requestedAt],
    );
    const running = await tx.query(
      `SELECT FROM idempotency WHERE workspace_id = $1 AND personal AND status IS NULL AND created_at <= $2
         AND created_at > $2::timestamptz - interval '2 minutes' LIMIT 1`,
      [tx.workspaceId, erasure.requestedAt],
    );
    const count = gone.rowCount ?? 0;
    if (!running.rowCount) return { count, state: 'done' };
    return { count, state: 'waiting', waitingFor: 'a request that was running when the erasure began' };
  }
}
