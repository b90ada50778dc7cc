const of = 'workspace_id = l.workspace_id';
/** The workspace of the lease `l` has journeys. */
export const HAS_JOURNEYS = `EXISTS (SELECT FROM journey j WHERE j.${of})`;

/**
 * The partition of the lease `l` is behind one of the logs, somebody in the workspace is due, something was said of an
 * effect, somebody is to enter, or a journey was changed just now: who stood still with it may go on. `asked` has the
 * moment, `now`, and the partition of the ingest log, `log`.
 */
export const WAITS = `CASE WHEN ${HAS_JOURNEYS} THEN
    NOT EXISTS (SELECT FROM journey_cursor c WHERE c.${of} AND c.partition = l.partition AND c.awake
      AND c.pos >= coalesce((SELECT applied FROM ingest_head h WHERE h.${of} AND h.partition = asked.log), 0)
      AND c.delta_pos >= coalesce((SELECT head FROM membership_log m WHERE m.${of}), 0))
    OR EXISTS (SELECT FROM journey_wait w WHERE w.${of} AND w.due_at <= asked.now)
    OR EXISTS (SELECT FROM journey j WHERE j.${of} AND j.updated_at > asked.now - interval '5 seconds')
    OR EXISTS (SELECT FROM effect_news n WHERE n.${of})
    OR EXISTS (SELECT FROM journey_request r WHERE r.${of} AND r.code IS NULL)
    OR EXISTS (SELECT FROM journey_read r WHERE r.${of} AND r.ended_at IS NULL)
  ELSE EXISTS (SELECT FROM journey_cursor c WHERE c.${of} AND c.partition = l.partition AND c.awake) END`;
