/** What may be done with which fields, and where that is heeded. */
export const usage = {
  name: '0025-usage',
  sql: `
-- Labels of the workspace's own, besides the standard ones.
CREATE TABLE usage_label (
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  description text NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, name)
);

CREATE TABLE field_label (
  workspace_id uuid NOT NULL REFERENCES workspace,
  field text NOT NULL,                     -- as field-name.ts writes it
  labels text[] NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, field)
);

-- Policies of the workspace's own, and standard ones that it switched off or on: those have their rule in code.
CREATE TABLE usage_policy (
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  rule jsonb,                              -- {description, actions, labels, match, audiences}; NULL: a standard one
  enabled boolean NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, name)
);

-- Rises with every change of labels, policies, or what connectors are for. A sync that was not held against the newest
-- plans and sends nothing until it was.
ALTER TABLE workspace ADD COLUMN usage_version bigint NOT NULL DEFAULT 0;
ALTER TABLE connector ADD COLUMN usage text[];   -- NULL: what its plugin's kind is for
ALTER TABLE sync ADD COLUMN usage_version bigint NOT NULL DEFAULT 0;
ALTER TABLE sync ADD COLUMN usage_violations jsonb;  -- NULL: none

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['usage_label', 'field_label', 'usage_policy'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I
      USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
END $$;
`,
};
