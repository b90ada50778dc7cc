import type { Transaction } from '@percorso/storage';
import { firstDue, sourcesAt } from './lane-sources';
import { PRIORITIES, type Priority } from './priority';

export interface LaneCounts {
  waiting: Record<Priority, number>;
  inFlight: { batches: number; rows: number };
  unknown: number;
  /** When what the oldest waiting effect tells came about. */
  oldestWaiting: Date | null;
}

/** What a connector has to deliver, has out, and does not know. */
export async function countLanes(tx: Transaction, connectorId: string): Promise<LaneCounts> {
  const values = [tx.workspaceId, connectorId];
  const [waiting, open, oldest] = await Promise.all([
    tx.query<{ priority: number; count: number }>(
      `SELECT priority, count(*)::int AS count FROM effect
       WHERE workspace_id = $1 AND connector_id = $2 AND state = 'pending' GROUP BY 1`,
      values,
    ),
    tx.query<{ batches: number; rows: number; unknown: number }>(
      `SELECT count(DISTINCT fence) FILTER (WHERE state = 'sending')::int AS batches,
         count(*) FILTER (WHERE state = 'sending')::int AS rows, count(*) FILTER (WHERE state = 'unknown')::int AS unknown
       FROM effect WHERE workspace_id = $1 AND connector_id = $2 AND state IN ('sending', 'unknown')`,
      values,
    ),
    tx.query<{ at: Date | null }>(
      `${sourcesAt('$2')} SELECT min(first.told_at) AS at FROM source
       CROSS JOIN unnest('{0,1,2}'::smallint[]) AS lane (priority)
       CROSS JOIN LATERAL (${firstDue('$2', 'source.sync_id', 'lane.priority')}) first`,
      values,
    ),
  ]);
  const of = (priority: number): number => waiting.rows.find((row) => row.priority === priority)?.count ?? 0;
  const { batches, rows, unknown } = open.rows[0]!;
  return {
    waiting: Object.fromEntries(PRIORITIES.map((name, number) => [name, of(number)])) as Record<
      Priority,
      number
    >,
    inFlight: { batches, rows },
    unknown,
    oldestWaiting: oldest.rows[0]?.at ?? null,
  };
}
