/** Until when the goal of who entered a journey counts, whether or not the steps have ended by then. */
export const conversionWindows = {
  name: '0068-conversion-windows',
  sql: `
ALTER TABLE journey_instance
  ADD COLUMN goal_until timestamptz,          -- NULL: it entered without a goal
  ADD COLUMN followed boolean NOT NULL DEFAULT false, -- the window is not counted as over
  ADD COLUMN entered_version int NOT NULL DEFAULT 1;  -- what its conversion is counted under, wherever it was moved
-- Of a stopped journey: until when some window may run.
ALTER TABLE journey ADD COLUMN followed_until timestamptz;
DROP POLICY open_work ON journey;
CREATE POLICY open_work ON journey FOR SELECT
  USING ((state NOT IN ('draft', 'stopped') OR followed_until IS NOT NULL)
    AND current_setting('percorso.looks_for', true) = 'journeys');

-- Who entered before has the usual window. The owner sees no rows of a table that forces its policies on it.
ALTER TABLE journey_instance NO FORCE ROW LEVEL SECURITY;
ALTER TABLE journey_version NO FORCE ROW LEVEL SECURITY;
ALTER TABLE journey_wait NO FORCE ROW LEVEL SECURITY;
ALTER TABLE journey_count NO FORCE ROW LEVEL SECURITY;
UPDATE journey_instance SET entered_version = version;
UPDATE journey_instance i SET goal_until = i.entered_at + interval '7 days', followed = true
  FROM journey_version v WHERE v.workspace_id = i.workspace_id AND v.journey_id = i.journey_id AND v.version = i.version
    AND v.definition->'goal' IS NOT NULL;
INSERT INTO journey_wait (workspace_id, instance_id, visit, person, due_at)
  SELECT workspace_id, id, 0, person, goal_until FROM journey_instance WHERE state = 'active' AND holdout AND followed;
INSERT INTO journey_count (workspace_id, journey_id, version, step, what, partition, count)
  SELECT workspace_id, journey_id, entered_version, '', what, 0, count(*) FROM journey_instance
  CROSS JOIN LATERAL (VALUES ('window', true), ('holdout-window', holdout)) AS one (what, counts)
  WHERE followed AND counts GROUP BY 1, 2, 3, 5;
ALTER TABLE journey_instance FORCE ROW LEVEL SECURITY;
ALTER TABLE journey_version FORCE ROW LEVEL SECURITY;
ALTER TABLE journey_wait FORCE ROW LEVEL SECURITY;
ALTER TABLE journey_count FORCE ROW LEVEL SECURITY;

-- Windows that end, and, by person, who has left and may still reach the goal.
CREATE INDEX journey_window ON journey_instance (workspace_id, goal_until) WHERE followed;
CREATE INDEX journey_followed ON journey_instance (workspace_id, person)
  WHERE followed AND state = 'ended' AND goal_at IS NULL;
`,
};
