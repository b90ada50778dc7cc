import { DEAD_EFFECT, DEAD_EFFECTS, ENDED_BADLY } from '@percorso/delivery';
import type { Transaction } from '@percorso/storage';
import type { DeadLetterFilter, DeadLettersOfStep, JourneyDeadLetterView } from './dead-letter.dto';

/** What it is of, by its key: see `visitKey`. */
const PART = (n: number, type: string): string =>
  `CASE WHEN e.key LIKE 'journey:%' THEN split_part(e.key, ':', ${n})::${type} END`;

/* Of no sync, and ended badly. What a step gave up itself, for it waited no longer, is told by its timeout. */
const DEAD = `FROM effect e
  JOIN journey_instance i ON i.workspace_id = $1 AND i.journey_id = $2 AND i.id = ${PART(2, 'uuid')}
  LEFT JOIN LATERAL (SELECT t.step FROM journey_trace t WHERE t.workspace_id = $1 AND t.instance_id = i.id
    AND t.visit = ${PART(3, 'int')} AND t.what IN ('passed', 'entered') LIMIT 1) visited ON true
  WHERE e.workspace_id = $1 AND e.sync_id IS NULL AND ${ENDED_BADLY} AND coalesce(e.reason_code, '') <> 'timed-out'
    AND ($3::text IS NULL OR e.state = $3) AND ($4::text IS NULL OR e.reason_code = $4)
    AND ($5::uuid IS NULL OR e.connector_id = $5) AND ($6::text IS NULL OR visited.step = $6)`;

const valuesOf = (tx: Transaction, journeyId: string, filter: DeadLetterFilter): unknown[] => [
  ...[tx.workspaceId, journeyId, filter.state ?? null, filter.reasonCode ?? null],
  ...[filter.connectorId ?? null, filter.step ?? null],
];

/** What was made last comes first; `before` is an id. */
export async function listDeadLetters(
  tx: Transaction,
  journeyId: string,
  filter: DeadLetterFilter,
  before: string | undefined,
  limit: number,
): Promise<JourneyDeadLetterView[]> {
  const { rows } = await tx.query<JourneyDeadLetterView>(
    `SELECT ${DEAD_EFFECT}, e.operation, i.id AS "instanceId", visited.step, ${PART(3, 'int')} AS visit
     ${DEAD} AND ($7::uuid IS NULL OR e.id < $7) ORDER BY e.id DESC LIMIT $8`,
    [...valuesOf(tx, journeyId, filter), before ?? null, limit],
  );
  return rows;
}

/** The most of a kind first. */
export async function groupDeadLetters(
  tx: Transaction,
  journeyId: string,
  filter: DeadLetterFilter,
  limit: number,
): Promise<DeadLettersOfStep[]> {
  const { rows } = await tx.query<DeadLettersOfStep>(
    `SELECT visited.step, e.connector_id AS "connectorId", ${DEAD_EFFECTS}
     ${DEAD} GROUP BY 1, 2, 3, 4, 5 ORDER BY count(*) DESC, 1, 2, 3, 4, 5 LIMIT $7`,
    [...valuesOf(tx, journeyId, filter), limit],
  );
  return rows;
}
