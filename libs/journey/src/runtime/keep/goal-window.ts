import type { Transaction } from '@percorso/storage';
import { OUTAGE_MS } from '../../engine/moments';
import type { Arrival } from '../intake/arrivals';
import type { JourneyPlan } from '../plan/journey-plan';

/** What is taken up later than so long after it happened happens when it is taken up; and a turn takes its time. */
const STILL_COMING_MS = OUTAGE_MS + 60_000;

/** Windows that were over by then are over for good: nothing comes any more that was before their end. */
export const overBy = (now: Date): Date => new Date(now.getTime() - STILL_COMING_MS);

/** Part of a statement: counts instances whose window is over, the rows of `over`. */
export const COUNT_OVER = `INSERT INTO journey_count AS c (workspace_id, journey_id, version, step, what, partition, count)
  SELECT $1, journey_id, entered_version, '', what, 0, count(*)
  FROM over CROSS JOIN LATERAL (VALUES ('window-over', true), ('window-reached', goal_at IS NOT NULL),
    ('holdout-window-over', holdout), ('holdout-window-reached', holdout AND goal_at IS NOT NULL)) AS one (what, counts)
  WHERE counts GROUP BY journey_id, entered_version, what ORDER BY journey_id, entered_version, what
  ON CONFLICT (workspace_id, journey_id, version, step, what, partition)
    DO UPDATE SET count = c.count + excluded.count`;

/** Persons to whom something happened that may be the goal of one of these journeys. */
export function mayReach(
  plan: JourneyPlan,
  arrivals: ReadonlyMap<number, readonly Arrival[]>,
): { persons: number[]; journeys: string[] } {
  const journeys = new Set<string>();
  const persons = [...arrivals].flatMap(([person, all]) => {
    const goals = all.flatMap((arrival) => {
      if (arrival.kind === 'event') return plan.reachedByEvent(arrival.event.name);
      return arrival.kind === 'membership' ? plan.reachedByAudience(arrival.audienceId) : [];
    });
    for (const id of goals) journeys.add(id);
    return goals.length > 0 ? [person] : [];
  });
  return { persons, journeys: [...journeys] };
}

/** An instance has reached the goal by what happened to another profile, which became its own. */
export async function reachGoal(tx: Transaction, id: string, goalAt: Date): Promise<void> {
  await tx.query(
    `WITH reached AS (
       UPDATE journey_instance i SET goal_at = $3, traced = i.traced + CASE WHEN before.first THEN 1 ELSE 0 END,
         revision = i.revision + 1
       FROM (SELECT goal_at IS NULL AS first FROM journey_instance WHERE workspace_id = $1 AND id = $2 FOR UPDATE) before
       WHERE i.workspace_id = $1 AND i.id = $2
       RETURNING i.journey_id, i.entered_version, i.holdout, i.traced, before.first
     ), told AS (
       INSERT INTO journey_trace (workspace_id, instance_id, n, at, visit, step, what)
       SELECT $1, $2, traced, $3, 0, '', 'goal' FROM reached WHERE first
     ) INSERT INTO journey_count AS c (workspace_id, journey_id, version, step, what, partition, count)
       SELECT $1, journey_id, entered_version, '', what, 0, 1
       FROM reached CROSS JOIN LATERAL (VALUES ('goal', true), ('holdout-goal', holdout)) AS one (what, counts)
       WHERE first AND counts ORDER BY what
       ON CONFLICT (workspace_id, journey_id, version, step, what, partition)
         DO UPDATE SET count = c.count + excluded.count`,
    [tx.workspaceId, id, goalAt],
  );
}
