/* Parts of statements about the row `e` of `effect`, for whoever lists what became of what it wanted. */

/** It ended badly: what is unknown may still be found out as long as it has a time at which that is tried. */
export const ENDED_BADLY = `e.state IN ('rejected', 'dropped', 'unknown') AND (e.state <> 'unknown' OR e.due_at = 'infinity')`;

/** The columns of a `DeadEffectView`. */
export const DEAD_EFFECT = `e.id, e.connector_id AS "connectorId", e.profile_id AS "profileId", e.state,
  e.reason_code AS "reasonCode", e.reason, e.pointer, e.attempt, e.created_at AS "createdAt", e.updated_at AS "updatedAt"`;

/** The columns of a `DeadEffectGroup`, over rows grouped by its first three. */
export const DEAD_EFFECTS = `e.state, e.reason_code AS "reasonCode", e.pointer, count(*)::int AS count,
  min(e.updated_at) AS "firstAt", max(e.updated_at) AS "lastAt", min(e.id::text) AS "sampleId"`;
