import type { Transaction } from '@percorso/storage';

/** End instances from outside their journey. Ended ones stay as they are. @returns how many were ended */
export async function endInstances(
  tx: Transaction,
  ids: readonly string[],
  reason: string,
  now: Date,
): Promise<number> {
  if (ids.length === 0) return 0;
  const { rows } = await tx.query<{ count: number }>(
    `WITH ended AS (
       UPDATE journey_instance SET state = 'ended', end_reason = $3, ended_at = $4, tokens = '[]', traced = traced + 1,
         revision = revision + 1
       WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND state = 'active'
       RETURNING id, journey_id, version, traced
     ), gone AS (
       DELETE FROM journey_wait w USING ended e WHERE w.workspace_id = $1 AND w.instance_id = e.id
     ), told AS (
       INSERT INTO journey_trace (workspace_id, instance_id, n, at, visit, step, what, detail)
       SELECT $1, id, traced, $4, 0, '', 'ended', jsonb_build_object('reason', $3::text) FROM ended
     ), counted AS (
       INSERT INTO journey_count AS c (workspace_id, journey_id, version, step, what, partition, count)
       SELECT $1, journey_id, version, '', what, 0, count(*)
       FROM ended CROSS JOIN unnest(ARRAY['ended', 'ended:' || $3::text]) AS what
       GROUP BY journey_id, version, what ORDER BY journey_id, version, what
       ON CONFLICT (workspace_id, journey_id, version, step, what, partition)
         DO UPDATE SET count = c.count + excluded.count
     ) SELECT count(*)::int AS count FROM ended`,
    [tx.workspaceId, ids, reason, now],
  );
  return rows[0]!.count;
}
