/** Journeys, who is on them, and what they wait for. */
export const journeys = {
  name: '0060-journeys',
  sql: `
CREATE TABLE journey (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  -- What new entries are taken into; NULL: none are.
  live_version int,
  state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'test', 'live', 'paused', 'draining', 'stopped')),
  paused_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE journey_version (
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  version int NOT NULL,
  definition jsonb NOT NULL,               -- as it was written
  created_at timestamptz NOT NULL,
  published_at timestamptz,
  PRIMARY KEY (workspace_id, journey_id, version),
  FOREIGN KEY (workspace_id, journey_id) REFERENCES journey
);

CREATE TABLE journey_instance (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  journey_id uuid NOT NULL,
  version int NOT NULL,
  person int NOT NULL,
  profile_id uuid NOT NULL,
  key text,
  state text NOT NULL CHECK (state IN ('active', 'ended')),
  end_reason text,
  entered_at timestamptz NOT NULL,
  ended_at timestamptz,
  goal_at timestamptz,
  holdout boolean NOT NULL DEFAULT false,
  speed int NOT NULL DEFAULT 1,
  entry jsonb NOT NULL,
  context jsonb NOT NULL DEFAULT '{}',
  tokens jsonb NOT NULL DEFAULT '[]',
  visits int NOT NULL DEFAULT 0,
  sent jsonb NOT NULL DEFAULT '{}',
  -- Rises with every change: whoever advanced an older one begins anew.
  revision bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, journey_id, version) REFERENCES journey_version
);
-- A profile is inside once for each key.
CREATE UNIQUE INDEX journey_inside ON journey_instance (workspace_id, person, journey_id, coalesce(key, ''))
  WHERE state = 'active';
CREATE INDEX journey_entered ON journey_instance (workspace_id, journey_id, person, entered_at DESC);

-- One row a waiting token; found by the person when something happens, by time when nothing does.
CREATE TABLE journey_wait (
  workspace_id uuid NOT NULL,
  instance_id uuid NOT NULL,
  visit int NOT NULL,
  person int NOT NULL,
  due_at timestamptz,
  PRIMARY KEY (workspace_id, instance_id, visit),
  FOREIGN KEY (workspace_id, instance_id) REFERENCES journey_instance ON DELETE CASCADE
);
CREATE INDEX journey_wait_due ON journey_wait (workspace_id, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE journey_trace (
  workspace_id uuid NOT NULL,
  instance_id uuid NOT NULL,
  n int NOT NULL,
  at timestamptz NOT NULL,
  visit int NOT NULL,
  step text NOT NULL,
  what text NOT NULL,
  next text,
  detail jsonb,
  PRIMARY KEY (workspace_id, instance_id, n)
);

-- Who might have entered and did not, and why; kept for a while.
CREATE TABLE journey_refusal (
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  person int NOT NULL,
  at timestamptz NOT NULL,
  n bigint GENERATED ALWAYS AS IDENTITY,
  version int NOT NULL,
  code text NOT NULL,
  detail jsonb,
  PRIMARY KEY (workspace_id, journey_id, person, n),
  FOREIGN KEY (workspace_id, journey_id) REFERENCES journey
);

-- Counted in one row for each partition of persons, so that nobody waits for another's.
CREATE TABLE journey_count (
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  version int NOT NULL,
  step text NOT NULL,                      -- '' for the journey itself
  what text NOT NULL,
  partition smallint NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (workspace_id, journey_id, version, step, what, partition),
  FOREIGN KEY (workspace_id, journey_id, version) REFERENCES journey_version
);

-- How far journeys have taken up what happens to the persons of a partition.
CREATE TABLE journey_cursor (
  workspace_id uuid NOT NULL REFERENCES workspace,
  partition smallint NOT NULL,
  pos bigint NOT NULL DEFAULT 0,           -- of the ingest log
  epoch int,
  delta_pos bigint NOT NULL DEFAULT 0,     -- of the membership log
  PRIMARY KEY (workspace_id, partition)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['journey', 'journey_version', 'journey_instance', 'journey_wait', 'journey_trace',
    'journey_refusal', 'journey_count', 'journey_cursor'] LOOP
    EXECUTE format('ALTER TABLE percorso.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE percorso.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON percorso.%I USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON percorso.%I TO percorso_app', t);
  END LOOP;
END $$;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA percorso TO percorso_app;
-- Where some wait is due: for whoever looks for work across workspaces.
CREATE POLICY open_work ON journey_wait FOR SELECT
  USING (current_setting('percorso.looks_for', true) = 'journeys');
`,
};
