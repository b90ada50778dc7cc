/** What keeps audiences up to date as events arrive and time passes. */
export const streaming = {
  name: '0003-streaming',
  sql: `
-- Counters and times only, so readable across workspaces: it tells the evaluators where there is work.
CREATE TABLE stream_cursor (
  workspace_id uuid NOT NULL REFERENCES workspace,
  partition smallint NOT NULL DEFAULT 0,
  pos bigint NOT NULL DEFAULT 0,           -- last position whose event is reflected in every audience
  next_wake timestamptz,                   -- no profile_wake row is due before
  horizon timestamptz,                     -- wakes due until then have a row
  swept_at timestamptz,                    -- when rows were last looked up until the horizon
  PRIMARY KEY (workspace_id, partition)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON stream_cursor TO percorso_app;

-- Persons whose answers change by time alone, or who changed without an event. A cache: sweeps find again what is lost.
CREATE TABLE profile_wake (
  workspace_id uuid NOT NULL,
  person int NOT NULL,
  due_at timestamptz,                      -- NULL: nothing until the horizon
  rebuild boolean NOT NULL DEFAULT false,  -- its events are others now: state kept of it is void
  evaluated_at timestamptz,                -- last woken; sets computed before have nothing to say about this person
  PRIMARY KEY (workspace_id, person)
);
CREATE INDEX profile_wake_due ON profile_wake (workspace_id, due_at) WHERE due_at IS NOT NULL;
ALTER TABLE profile_wake ENABLE ROW LEVEL SECURITY;
ALTER TABLE profile_wake FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON profile_wake
  USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON profile_wake TO percorso_app;

CREATE INDEX membership_person ON membership (workspace_id, person) WHERE member;

-- The definition version whose members were last computed as a set; until then entries are a backfill.
ALTER TABLE audience ADD COLUMN backfilled_version int;
ALTER TABLE evaluation ADD COLUMN drift bigint;
`,
};
