/** Erasures as jobs that reach every place, and what keeps the erased from coming back. */
export const erasure = {
  name: '0010-erasure',
  sql: `
-- An identity without a profile can be erased too: from the log, from quarantine.
ALTER TABLE erasure ALTER COLUMN profile_id DROP NOT NULL;

-- Where an erasure has to reach. progress is the place's own cursor and holds no personal data.
CREATE TABLE erasure_place (
  workspace_id uuid NOT NULL,
  erasure_id uuid NOT NULL,
  place text NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'waiting', 'done')),
  count bigint NOT NULL DEFAULT 0,
  waiting_for text,
  progress jsonb,
  look_at timestamptz NOT NULL,
  done_at timestamptz,
  PRIMARY KEY (workspace_id, erasure_id, place),
  FOREIGN KEY (workspace_id, erasure_id) REFERENCES erasure
);
CREATE INDEX erasure_place_open ON erasure_place (workspace_id, look_at) WHERE state <> 'done';

-- Keyed hashes of the identities that were erased; items that name one are not applied.
CREATE TABLE tombstone (
  workspace_id uuid NOT NULL,
  hash bytea NOT NULL,
  erasure_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, hash, erasure_id),
  FOREIGN KEY (workspace_id, erasure_id) REFERENCES erasure
);
CREATE INDEX tombstone_erasure ON tombstone (workspace_id, erasure_id);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['erasure_place', 'tombstone'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I
      USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
END $$;

-- Positions of a request whose items were taken out; the payload has null in their place.
ALTER TABLE ingest_log ADD COLUMN erased bigint[];

-- Whether the kept answer may quote a person: an erasure forgets it before its day is over.
ALTER TABLE idempotency ADD COLUMN personal boolean NOT NULL DEFAULT false;
ALTER TABLE instance_idempotency ADD COLUMN personal boolean NOT NULL DEFAULT false;
`,
};
