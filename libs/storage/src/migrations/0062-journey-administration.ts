/** How journeys are administered: drafts, tests, what is asked of people in flight, and what usage policies say. */
export const journeyAdministration = {
  name: '0062-journey-administration',
  sql: `
-- Steps stay in the order they were written, which jsonb forgets.
ALTER TABLE journey_version ALTER COLUMN definition TYPE json USING definition::json;

ALTER TABLE journey
  ADD COLUMN deleted_at timestamptz,
  ADD COLUMN test jsonb,                      -- {speed, profiles}; NULL: it is not tested
  ADD COLUMN usage_version bigint NOT NULL DEFAULT 0,
  ADD COLUMN usage_violations jsonb;          -- NULL: none

-- Who enters while a journey is tested.
CREATE TABLE journey_test_profile (
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  profile_id uuid NOT NULL,
  speed int NOT NULL,                         -- waits are this many times shorter
  PRIMARY KEY (workspace_id, journey_id, profile_id),
  FOREIGN KEY (workspace_id, journey_id) REFERENCES journey
);

-- What is asked of those inside, carried out page by page in the order of their ids.
CREATE TABLE journey_job (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  journey_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('move', 'restart', 'stop')),
  to_version int,                             -- those of other versions are concerned; NULL: all, and they end
  step_map jsonb NOT NULL DEFAULT '{}',       -- of a move: {older step: newer step}
  asked_by text NOT NULL,
  asked_at timestamptz NOT NULL,
  after_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  done bigint NOT NULL DEFAULT 0,             -- instances so far
  ended_at timestamptz,
  superseded boolean NOT NULL DEFAULT false,  -- another was asked for before it was done
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, journey_id) REFERENCES journey,
  CHECK ((kind = 'stop') = (to_version IS NULL))
);
CREATE UNIQUE INDEX journey_job_open ON journey_job (workspace_id, journey_id) WHERE ended_at IS NULL;
CREATE INDEX journey_job_of ON journey_job (workspace_id, journey_id, id);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['journey_test_profile', 'journey_job'] LOOP
    EXECUTE format('ALTER TABLE percorso.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE percorso.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON percorso.%I USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON percorso.%I TO percorso_app', t);
  END LOOP;
END $$;
-- For whoever looks for work across workspaces.
CREATE POLICY open_work ON journey_job FOR SELECT
  USING (ended_at IS NULL AND current_setting('percorso.looks_for', true) = 'journeys');
`,
};
