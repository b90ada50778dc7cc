/** How journeys are taken up: who asked to enter, which audiences are being read, and what is to be said of profiles. */
export const journeyTurns = {
  name: '0065-journey-turns',
  sql: `
ALTER TABLE journey
  -- How long it was paused so far: what waits for a time of its own length waits so much longer.
  ADD COLUMN paused_ms bigint NOT NULL DEFAULT 0;
CREATE FUNCTION count_pause() RETURNS trigger LANGUAGE plpgsql SET search_path = percorso, pg_temp AS $$
BEGIN
  NEW.paused_ms := OLD.paused_ms
    + greatest(0, (extract(epoch FROM NEW.updated_at - OLD.paused_at) * 1000)::bigint);
  RETURN NEW;
END $$;
CREATE TRIGGER journey_resumed BEFORE UPDATE OF paused_at ON journey FOR EACH ROW
  WHEN (OLD.paused_at IS NOT NULL AND NEW.paused_at IS NULL) EXECUTE FUNCTION count_pause();

ALTER TABLE journey_instance
  -- The person it entered as: an unmerge gives it back.
  ADD COLUMN home int NOT NULL DEFAULT 0,
  -- Lines of its trace so far.
  ADD COLUMN traced int NOT NULL DEFAULT 0,
  -- Of the journey's, what its waits have been moved by.
  ADD COLUMN paused_ms bigint NOT NULL DEFAULT 0;
CREATE INDEX journey_ended ON journey_instance (workspace_id, ended_at) WHERE state = 'ended';
CREATE INDEX journey_version_active ON journey_instance (workspace_id, journey_id, version) WHERE state = 'active';
CREATE INDEX journey_refusal_at ON journey_refusal (workspace_id, at);

-- Came due while its journey was paused: looked at again when that is over.
ALTER TABLE journey_wait ADD COLUMN parked boolean NOT NULL DEFAULT false;
CREATE INDEX journey_wait_parked ON journey_wait (workspace_id) WHERE parked;

-- Whether the partition follows the logs. Where no journey is on its way it does not, and begins with the next one.
ALTER TABLE journey_cursor ADD COLUMN awake boolean NOT NULL DEFAULT false;

-- Who is to enter because somebody says so: a caller of the API, or another journey that ends with a jump.
CREATE TABLE journey_request (
  workspace_id uuid NOT NULL,
  n bigint GENERATED ALWAYS AS IDENTITY,
  journey_id uuid NOT NULL,
  person int NOT NULL,
  kind text NOT NULL CHECK (kind IN ('api', 'jump')),
  key text,
  context jsonb NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL,
  -- Of a call of the API, which waits for what is decided.
  batch uuid,
  item int,
  code text,                               -- 'entered', or why not; NULL: not decided
  instance_id uuid,
  PRIMARY KEY (workspace_id, n),
  FOREIGN KEY (workspace_id, journey_id) REFERENCES journey
);
CREATE INDEX journey_request_open ON journey_request (workspace_id, n) WHERE code IS NULL;
CREATE INDEX journey_request_batch ON journey_request (workspace_id, batch) WHERE batch IS NOT NULL;

-- Entries counted where the journey has a cap: by day of UTC, and '' in all.
CREATE TABLE journey_cap (
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  period text NOT NULL,
  entered bigint NOT NULL,
  PRIMARY KEY (workspace_id, journey_id, period),
  FOREIGN KEY (workspace_id, journey_id) REFERENCES journey
);

-- Who was on a journey that may not be entered at will, once the instance itself is no longer kept.
CREATE TABLE journey_past (
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  person int NOT NULL,
  key text NOT NULL,                       -- '' where there is none
  entered_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, journey_id, person, key),
  FOREIGN KEY (workspace_id, journey_id) REFERENCES journey
);

-- When an audience is read next, for each entry of a version that reads one.
CREATE TABLE journey_schedule (
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  version int NOT NULL,
  entry int NOT NULL,                      -- its place among the entries
  next_at timestamptz,                     -- NULL: after the next evaluation
  evaluated_at timestamptz,                -- of the evaluation that was read last
  read_at timestamptz,                     -- when the last read began
  PRIMARY KEY (workspace_id, journey_id, version, entry),
  FOREIGN KEY (workspace_id, journey_id, version) REFERENCES journey_version
);

-- An audience whose members enter, page by page.
CREATE TABLE journey_read (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  journey_id uuid NOT NULL,
  version int NOT NULL,
  audience_id uuid NOT NULL,
  since timestamptz,                       -- only who joined later
  per_second int NOT NULL,
  facts jsonb NOT NULL,                    -- what its members enter with
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, journey_id, version) REFERENCES journey_version
);
CREATE INDEX journey_read_open ON journey_read (workspace_id, started_at) WHERE ended_at IS NULL;

-- How far a read has come with the persons of a partition.
CREATE TABLE journey_read_part (
  workspace_id uuid NOT NULL,
  read_id uuid NOT NULL,
  partition smallint NOT NULL,
  after_person int NOT NULL DEFAULT 0,
  taken bigint NOT NULL DEFAULT 0,
  taken_at timestamptz NOT NULL,
  done boolean NOT NULL DEFAULT false,
  PRIMARY KEY (workspace_id, read_id, partition),
  FOREIGN KEY (workspace_id, read_id) REFERENCES journey_read ON DELETE CASCADE
);

-- What journeys say of profiles, on its way to the ingest log; its messageId makes it count once.
CREATE TABLE journey_outbox (
  workspace_id uuid NOT NULL,
  n bigint GENERATED ALWAYS AS IDENTITY,
  person int NOT NULL,
  item jsonb NOT NULL,
  PRIMARY KEY (workspace_id, n)
);

-- What became of effects whose steps stay where they are as long as their journey is paused.
CREATE TABLE journey_held (
  workspace_id uuid NOT NULL,
  n bigint GENERATED ALWAYS AS IDENTITY,
  instance_id uuid NOT NULL,
  visit int NOT NULL,
  outcome jsonb NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, instance_id, n),
  FOREIGN KEY (workspace_id, instance_id) REFERENCES journey_instance ON DELETE CASCADE
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['journey_held', 'journey_past', 'journey_request', 'journey_cap', 'journey_schedule', 'journey_read', 'journey_read_part',
    'journey_outbox'] LOOP
    EXECUTE format('ALTER TABLE percorso.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE percorso.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON percorso.%I USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON percorso.%I TO percorso_app', t);
  END LOOP;
  -- For whoever looks for work across workspaces.
  FOREACH t IN ARRAY ARRAY['journey_cursor', 'membership_log', 'journey_outbox'] LOOP
    EXECUTE format('CREATE POLICY open_work ON percorso.%I FOR SELECT
      USING (current_setting(''percorso.looks_for'', true) = ''journeys'')', t);
  END LOOP;
END $$;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA percorso TO percorso_app;
CREATE POLICY open_work ON journey FOR SELECT
  USING (state NOT IN ('draft', 'stopped') AND current_setting('percorso.looks_for', true) = 'journeys');
CREATE POLICY open_work ON journey_request FOR SELECT
  USING (code IS NULL AND current_setting('percorso.looks_for', true) = 'journeys');
CREATE POLICY open_work ON journey_read FOR SELECT
  USING (ended_at IS NULL AND current_setting('percorso.looks_for', true) = 'journeys');
`,
};
