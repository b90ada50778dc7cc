/** Journeys walked over what happened: what was asked, how far it came, and who would have got what. */
export const journeySimulations = {
  name: '0070-journey-simulations',
  sql: `
CREATE TABLE journey_simulation (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  journey_id uuid NOT NULL,
  version int NOT NULL,
  -- The journey as it was when it was asked for: a draft is written on.
  name text NOT NULL,
  definition json NOT NULL,
  from_at timestamptz NOT NULL,
  until_at timestamptz NOT NULL,
  responses json NOT NULL,                 -- as they were written
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  problem jsonb,                           -- why it failed: {code, message}
  after_person int NOT NULL DEFAULT -1,    -- persons up to this one were walked
  persons int NOT NULL DEFAULT 0,          -- so far, of whom something might have moved them
  of_persons int,                          -- of so many
  messages bigint NOT NULL DEFAULT 0,
  failures int NOT NULL DEFAULT 0,         -- of the page in hand
  took_ms bigint NOT NULL DEFAULT 0,       -- at work
  asked_by text NOT NULL,
  asked_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  cleared_at timestamptz,                  -- when its rows of persons were; what was counted stays
  deleted_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, journey_id) REFERENCES journey
);
CREATE INDEX journey_simulation_of ON journey_simulation (workspace_id, journey_id, id);
CREATE INDEX journey_simulation_open ON journey_simulation (workspace_id, id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX journey_simulation_running ON journey_simulation (workspace_id) WHERE state = 'running';

-- As journey_count.
CREATE TABLE journey_simulation_count (
  workspace_id uuid NOT NULL,
  simulation_id uuid NOT NULL,
  step text NOT NULL,
  what text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (workspace_id, simulation_id, step, what),
  FOREIGN KEY (workspace_id, simulation_id) REFERENCES journey_simulation
);

-- Messages and entries by day of UTC; of entries the step is ''.
CREATE TABLE journey_simulation_day (
  workspace_id uuid NOT NULL,
  simulation_id uuid NOT NULL,
  day date NOT NULL,
  step text NOT NULL,
  connector_id uuid NOT NULL,
  outcome text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (workspace_id, simulation_id, day, step, connector_id, outcome),
  FOREIGN KEY (workspace_id, simulation_id) REFERENCES journey_simulation
);

CREATE TABLE journey_simulation_instance (
  workspace_id uuid NOT NULL,
  simulation_id uuid NOT NULL,
  person int NOT NULL,
  id uuid NOT NULL,
  profile_id uuid NOT NULL,
  key text,
  state text NOT NULL,
  end_reason text,
  entered_at timestamptz NOT NULL,
  ended_at timestamptz,
  goal_until timestamptz,
  goal_at timestamptz,
  holdout boolean NOT NULL,
  entry jsonb NOT NULL,
  context jsonb NOT NULL,
  tokens jsonb NOT NULL,
  trace jsonb NOT NULL,
  PRIMARY KEY (workspace_id, simulation_id, person, id),
  FOREIGN KEY (workspace_id, simulation_id) REFERENCES journey_simulation
);
CREATE INDEX journey_simulation_instance_id ON journey_simulation_instance (workspace_id, simulation_id, id);
CREATE INDEX journey_simulation_instance_entered ON journey_simulation_instance (workspace_id, simulation_id, entered_at, id);

-- Two simulations name the same one alike: by which of its step's it is that the person gets with its key.
CREATE TABLE journey_simulation_message (
  workspace_id uuid NOT NULL,
  simulation_id uuid NOT NULL,
  person int NOT NULL,
  key text COLLATE "C" NOT NULL,           -- '' where there is none
  step text COLLATE "C" NOT NULL,
  nth int NOT NULL,
  n bigint GENERATED ALWAYS AS IDENTITY,
  instance_id uuid NOT NULL,
  profile_id uuid NOT NULL,
  visit int NOT NULL,
  at timestamptz NOT NULL,
  connector_id uuid NOT NULL,
  channel text,
  operation text NOT NULL,
  payload jsonb,                           -- NULL: nothing could be made of it
  outcome text,                            -- NULL: nothing yet
  code text,
  PRIMARY KEY (workspace_id, simulation_id, person, key, step, nth),
  FOREIGN KEY (workspace_id, simulation_id) REFERENCES journey_simulation
);

CREATE INDEX journey_simulation_message_at ON journey_simulation_message (workspace_id, simulation_id, at, n);

CREATE TABLE journey_simulation_refusal (
  workspace_id uuid NOT NULL,
  simulation_id uuid NOT NULL,
  person int NOT NULL,
  n int NOT NULL,
  at timestamptz NOT NULL,
  code text NOT NULL,
  PRIMARY KEY (workspace_id, simulation_id, person, n),
  FOREIGN KEY (workspace_id, simulation_id) REFERENCES journey_simulation
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['journey_simulation', 'journey_simulation_count', 'journey_simulation_day',
    'journey_simulation_instance', 'journey_simulation_message', 'journey_simulation_refusal'] LOOP
    EXECUTE format('ALTER TABLE percorso.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE percorso.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON percorso.%I USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON percorso.%I TO percorso_app', t);
  END LOOP;
END $$;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA percorso TO percorso_app;
-- For whoever looks for work across workspaces.
CREATE POLICY open_work ON journey_simulation FOR SELECT
  USING (ended_at IS NULL AND current_setting('percorso.looks_for', true) = 'journeys');
`,
};
