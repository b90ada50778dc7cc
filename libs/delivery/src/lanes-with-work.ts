import type { Transaction } from '@percorso/storage';
import { firstDue, sourcesAt } from './lane-sources';

/** Whether connector $3 of workspace $1 has, at $2, effects in doubt to resolve or ones whose worker fell silent. */
export const DOUBT_DUE = doubtDue('$3');

function doubtDue(connector: string): string {
  return `(EXISTS (SELECT FROM effect e WHERE e.workspace_id = $1 AND e.connector_id = ${connector}
      AND e.state = 'unknown' AND e.due_at < 'infinity' AND e.due_at <= $2)
    OR EXISTS (SELECT FROM effect e WHERE e.workspace_id = $1 AND e.connector_id = ${connector}
      AND e.state = 'sending' AND e.lease_until < now()))`;
}

/** Paused syncs have nothing to be looked for. */
const waiting = (connector: string): string => `EXISTS (${sourcesAt(connector)}
  SELECT FROM source CROSS JOIN unnest('{0,1,2}'::smallint[]) AS lane (priority)
    CROSS JOIN LATERAL (${firstDue(connector, 'source.sync_id', 'lane.priority')}) first
  WHERE first.due_at <= $2 AND NOT EXISTS (
    SELECT FROM sync s WHERE s.workspace_id = $1 AND s.id = source.sync_id AND s.state = 'paused'))`;

/** Whether connector $3 of workspace $1 has, at $2, effects that are due. */
export const WAITING = waiting('$3');

const isOpen = (flow: string): string => `(${flow}.place IS NULL OR CASE WHEN ${flow}.breaker = 'closed'
  THEN coalesce(${flow}.rest_until <= $2, true) AND coalesce(${flow}.free_at <= clock_timestamp(), true)
  ELSE coalesce(${flow}.probe_at <= $2, true) END)`;

/** Connectors that have something to do now: effects that are due and may leave, due unknowns, or leases that ran out. */
export async function lanesWithWork(tx: Transaction, now: Date): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT c.id FROM connector c
     LEFT JOIN delivery_flow f ON f.workspace_id = c.workspace_id AND f.place = 'connector:' || c.id
     LEFT JOIN delivery_flow h ON h.workspace_id = c.workspace_id AND h.place = 'host:' || f.host
     WHERE c.workspace_id = $1 AND c.state = 'active' AND (
       (${isOpen('f')} AND ${isOpen('h')} AND ${waiting('c.id')})
       OR ${doubtDue('c.id')})`,
    [tx.workspaceId, now],
  );
  return rows.map((row) => row.id);
}
