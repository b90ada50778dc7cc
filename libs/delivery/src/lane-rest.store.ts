import type { Transaction } from '@percorso/storage';

const OPEN = `SELECT state = 'active' AND coalesce(resume_at <= $3, true) AS open, failures
  FROM connector WHERE workspace_id = $1 AND id = $2`;

interface LaneRow {
  open: boolean;
  failures: number;
}

/** Whether calls may be made now. Holds the connector's row, so that claims of one connector wait for each other. */
export async function openForClaim(tx: Transaction, connectorId: string, now: Date): Promise<boolean> {
  const { rows } = await tx.query<LaneRow>(`${OPEN} FOR NO KEY UPDATE`, [tx.workspaceId, connectorId, now]);
  return rows[0]?.open ?? false;
}

/** The same without waiting, and how many calls in a row failed as a whole. */
export async function laneState(tx: Transaction, connectorId: string, now: Date): Promise<LaneRow> {
  const { rows } = await tx.query<LaneRow>(OPEN, [tx.workspaceId, connectorId, now]);
  return rows[0] ?? { open: false, failures: 0 };
}

/** No call is made before `until`; an earlier end never shortens a longer rest. */
export async function restLane(
  tx: Transaction,
  connectorId: string,
  until: Date,
  failed: boolean,
): Promise<void> {
  await tx.query(
    `UPDATE connector SET resume_at = greatest(coalesce(resume_at, $3), $3), failures = failures + $4
     WHERE workspace_id = $1 AND id = $2`,
    [tx.workspaceId, connectorId, until, failed ? 1 : 0],
  );
}

export async function clearFailures(tx: Transaction, connectorId: string): Promise<void> {
  await tx.query('UPDATE connector SET failures = 0 WHERE workspace_id = $1 AND id = $2 AND failures > 0', [
    tx.workspaceId,
    connectorId,
  ]);
}

/** Connectors that have something to do now: due effects, due unknowns, or leases that ran out. */
export async function lanesWithWork(tx: Transaction, now: Date): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT c.id FROM connector c WHERE c.workspace_id = $1 AND c.state = 'active' AND (
       (coalesce(c.resume_at <= $2, true) AND EXISTS (SELECT 1 FROM effect e
         WHERE e.workspace_id = c.workspace_id AND e.connector_id = c.id
           AND e.state IN ('pending', 'unknown') AND e.due_at <= $2))
       OR EXISTS (SELECT 1 FROM effect e WHERE e.workspace_id = c.workspace_id AND e.connector_id = c.id
           AND e.state = 'sending' AND e.lease_until < now()))`,
    [tx.workspaceId, now],
  );
  return rows.map((row) => row.id);
}
