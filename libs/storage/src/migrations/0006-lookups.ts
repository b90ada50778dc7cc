/** Items that events name by key, for conditions to look at. */
export const lookups = {
  name: '0006-lookups',
  sql: `
-- Rises with every change of items, in the order of commits: its row is locked until then.
CREATE TABLE lookup_version (
  workspace_id uuid PRIMARY KEY REFERENCES workspace,
  version bigint NOT NULL
);

CREATE TABLE lookup_item (
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  key text NOT NULL,
  fields jsonb NOT NULL,
  deleted boolean NOT NULL DEFAULT false,
  version bigint NOT NULL,                 -- lookup_version when it last changed
  dirty boolean NOT NULL DEFAULT true,     -- ClickHouse has not this version yet
  PRIMARY KEY (workspace_id, name, key)
);
CREATE INDEX lookup_item_version ON lookup_item (workspace_id, version);
CREATE INDEX lookup_item_dirty ON lookup_item (workspace_id) WHERE dirty;

-- Why an evaluation was asked for, where its deltas tell it: 'lookup'.
ALTER TABLE evaluation ADD COLUMN cause text;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['lookup_version', 'lookup_item'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON %I USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
END $$;
`,
};
