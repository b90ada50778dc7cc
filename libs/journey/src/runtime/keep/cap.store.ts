import type { Transaction } from '@percorso/storage';
import { dayOf, type Room, roomLeft, TOTAL } from '../walk/admission';
import type { JourneyPlan, PlannedVersion } from '../plan/journey-plan';
import type { Moved } from '../walk/turn';

interface Counted {
  journeyId: string;
  period: string;
  entered: number;
}

const capped = (plan: JourneyPlan): PlannedVersion[] =>
  [...plan.journeys.values()].flatMap(({ live }) =>
    live && (live.definition.caps.total !== undefined || live.definition.caps.perDay !== undefined)
      ? [live]
      : [],
  );

/** How many more may enter, as things stand; whether that still is so is seen when they do. */
export async function readRoom(tx: Transaction, plan: JourneyPlan): Promise<Room> {
  const versions = capped(plan);
  if (versions.length === 0) return roomLeft([], []);
  const { rows } = await tx.query<Counted>(
    `SELECT j.id AS "journeyId", '' AS period, coalesce(
         (SELECT entered FROM journey_cap c WHERE c.workspace_id = $1 AND c.journey_id = j.id AND c.period = ''),
         ${SO_FAR})::float8 AS entered
     FROM unnest($2::uuid[]) AS j (id)
     UNION ALL SELECT journey_id, period, entered::float8 FROM journey_cap
       WHERE workspace_id = $1 AND journey_id = ANY($2::uuid[]) AND period <> ''`,
    [tx.workspaceId, versions.map(({ journeyId }) => journeyId)],
  );
  return roomLeft(versions, rows);
}

/** Entries before the journey had a cap. */
const SO_FAR = `(SELECT coalesce(sum(n.count), 0) FROM journey_count n
  WHERE n.workspace_id = $1 AND n.journey_id = j.id AND n.step = '' AND n.what = 'entered')`;

/**
 * Count who enters, under the lock of each counter; false when somebody else took the room meanwhile, and nothing may be
 * written then.
 */
export async function takeRoom(
  tx: Transaction,
  plan: JourneyPlan,
  moved: readonly Moved[],
): Promise<boolean> {
  const versions = new Map(capped(plan).map((version) => [version.journeyId, version]));
  const taken = new Map<string, Counted>();
  for (const { instance, counted } of moved) {
    const version = counted ? versions.get(instance.journeyId) : undefined;
    if (!version) continue;
    for (const period of [TOTAL, dayOf(instance.enteredAt)]) {
      const key = `${instance.journeyId} ${period}`;
      const known = taken.get(key);
      if (known) known.entered += 1;
      else taken.set(key, { journeyId: instance.journeyId, period, entered: 1 });
    }
  }
  if (taken.size === 0) return true;
  const asked = [...taken.values()].sort((a, b) =>
    `${a.journeyId}${a.period}` < `${b.journeyId}${b.period}` ? -1 : 1,
  );
  const { rows } = await tx.query<Counted>(
    `INSERT INTO journey_cap AS c (workspace_id, journey_id, period, entered)
     SELECT $1, j.id, j.period, j.entered + CASE WHEN j.period = '' THEN ${SO_FAR} ELSE 0 END
     FROM unnest($2::uuid[], $3::text[], $4::int[]) AS j (id, period, entered)
     ON CONFLICT (workspace_id, journey_id, period) DO UPDATE SET entered = c.entered + (
       SELECT j.entered FROM unnest($2::uuid[], $3::text[], $4::int[]) AS j (id, period, entered)
       WHERE j.id = c.journey_id AND j.period = c.period)
     RETURNING journey_id AS "journeyId", period, entered::float8 AS entered`,
    [
      tx.workspaceId,
      asked.map(({ journeyId }) => journeyId),
      asked.map(({ period }) => period),
      asked.map(({ entered }) => entered),
    ],
  );
  return rows.every(({ journeyId, period, entered }) => {
    const { caps } = versions.get(journeyId)!.definition;
    const most = period === TOTAL ? caps.total : caps.perDay;
    return most === undefined || entered <= most;
  });
}
