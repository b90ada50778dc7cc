import { newId, systemClock } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';

/**
 * Write down who did what, in the transaction that does it. Rows can be added only. `detail` carries names, ids and
 * numbers of configuration, never a secret or a person's data.
 */
export async function audit(
  tx: Transaction,
  actor: string,
  action: string,
  target: string,
  detail: object = {},
  at: Date = systemClock.now(),
): Promise<void> {
  await tx.query(
    `INSERT INTO audit (workspace_id, id, at, actor, action, target, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [tx.workspaceId, newId(), at, actor, action, target, JSON.stringify(detail)],
  );
}
