/** Audiences whose members come from an uploaded list. */
export const imports = {
  name: '0005-imports',
  sql: `
-- Identities that an audience's list names. Nodes stay what they are when persons merge.
CREATE TABLE audience_list (
  workspace_id uuid NOT NULL,
  audience_id uuid NOT NULL,
  node int NOT NULL,
  import_id uuid NOT NULL,                 -- the last import that named it
  listed boolean NOT NULL DEFAULT true,    -- false: was taken out
  version bigint NOT NULL DEFAULT 1,
  dirty boolean NOT NULL DEFAULT true,     -- ClickHouse has not this version yet
  PRIMARY KEY (workspace_id, audience_id, node),
  FOREIGN KEY (workspace_id, audience_id) REFERENCES audience
);
CREATE INDEX audience_list_node ON audience_list (workspace_id, node);
CREATE INDEX audience_list_dirty ON audience_list (workspace_id) WHERE dirty;

-- The import of an audience's list that runs, or the last one. It runs while its lease does.
CREATE TABLE audience_import (
  workspace_id uuid NOT NULL,
  audience_id uuid NOT NULL,
  id uuid NOT NULL,
  lease_until timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, audience_id),
  FOREIGN KEY (workspace_id, audience_id) REFERENCES audience
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['audience_list', 'audience_import'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON %I USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
END $$;
`,
};
