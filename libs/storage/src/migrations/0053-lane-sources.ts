/** What waits at a connector is found by the sync that tells it, so that a paused one's rows are never looked at. */
export const laneSources = {
  name: '0053-lane-sources',
  sql: `
-- CASE and not coalesce, which counts as leaky: under row-level security no index would be used for it.
CREATE INDEX effect_source ON effect (workspace_id, connector_id,
  (CASE WHEN sync_id IS NULL THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE sync_id END), priority, due_at)
  WHERE state = 'pending';
DROP INDEX effect_waiting;
`,
};
