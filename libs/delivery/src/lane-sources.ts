/** The sync that tells effect `e`; what no sync tells has a source of its own. Written as the index effect_source has it. */
export const sourceOf = (e: string): string =>
  `(CASE WHEN ${e}.sync_id IS NULL THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE ${e}.sync_id END)`;

/**
 * Common table expression `source (sync_id)`: whatever has effects waiting at a connector of workspace $1. One lookup for
 * each, from one to the next, however many effects each of them has. The last row is NULL.
 */
export const sourcesAt = (connector: string): string => {
  const waiting = `FROM effect e WHERE e.workspace_id = $1 AND e.connector_id = ${connector} AND e.state = 'pending'`;
  return `WITH RECURSIVE source (sync_id) AS (
    (SELECT ${sourceOf('e')} ${waiting} ORDER BY ${sourceOf('e')} LIMIT 1)
    UNION ALL
    SELECT (SELECT ${sourceOf('e')} ${waiting} AND ${sourceOf('e')} > s.sync_id ORDER BY ${sourceOf('e')} LIMIT 1)
    FROM source s WHERE s.sync_id IS NOT NULL)`;
};

/** The first due moment of a source in a lane at a connector of workspace $1. */
export const firstDue = (connector: string, source: string, lane: string): string =>
  `SELECT h.due_at, coalesce(h.changed_at, h.created_at) AS told_at FROM effect h
   WHERE h.workspace_id = $1 AND h.connector_id = ${connector} AND h.state = 'pending' AND ${sourceOf('h')} = ${source}
     AND h.priority = ${lane} ORDER BY h.due_at LIMIT 1`;
