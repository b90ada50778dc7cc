/** Audiences that are evaluated at times of their own. */
export const schedules = {
  name: '0024-schedules',
  sql: `
CREATE TABLE audience_schedule (
  workspace_id uuid NOT NULL,
  audience_id uuid NOT NULL,
  -- {cron, zone?} or {afterIngest: {quiet, atMost}}, as it was asked for
  rule jsonb NOT NULL,
  paused boolean NOT NULL DEFAULT false,
  due_at timestamptz,                      -- the next moment of a cron; NULL: paused, or after ingest
  quiet_ms bigint,                         -- after ingest: how long nothing must have come
  at_most_ms bigint,                       -- after ingest: least time between two runs
  seen_pos bigint NOT NULL DEFAULT 0,      -- after ingest: events that had come by the last run
  last_due_at timestamptz,                 -- the moment the last run was due
  last_run_at timestamptz,                 -- and when it was taken up
  last_evaluation_id uuid,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, audience_id),
  FOREIGN KEY (workspace_id, audience_id) REFERENCES audience
);
ALTER TABLE audience_schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE audience_schedule FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audience_schedule
  USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON audience_schedule TO percorso_app;
`,
};
