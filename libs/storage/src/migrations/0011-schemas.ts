/** What events and traits should look like, by the workspace's own word. */
export const schemas = {
  name: '0011-schemas',
  sql: `
-- Versions are only added; the highest of a name is in force.
CREATE TABLE data_schema (
  workspace_id uuid NOT NULL REFERENCES workspace,
  kind text NOT NULL CHECK (kind IN ('events', 'traits')),
  name text NOT NULL,                      -- the event's name; of traits the call that brings them
  version int NOT NULL,
  schema jsonb NOT NULL,
  policy text NOT NULL CHECK (policy IN ('warn', 'quarantine', 'off')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, kind, name, version)
);

-- Counted by the place in the schema, which quotes no data and is one of few.
CREATE TABLE schema_violation (
  workspace_id uuid NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  version int NOT NULL,
  rule text NOT NULL,                      -- JSON pointer into the schema
  count bigint NOT NULL,
  last_pos bigint NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, kind, name, version, rule),
  FOREIGN KEY (workspace_id, kind, name, version) REFERENCES data_schema
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['data_schema', 'schema_violation'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I
      USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
END $$;
`,
};
