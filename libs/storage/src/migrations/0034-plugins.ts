/** Plugins that were installed through the API: the packages themselves, who approved what, and which version is live. */
export const plugins = {
  name: '0034-plugins',
  sql: `
CREATE TABLE plugin (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id text NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
  live_version text,                       -- NULL until a version passed
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

-- The tarball is here, and not in a folder of the hub that took it, so that every process unpacks the same bytes.
CREATE TABLE plugin_version (
  workspace_id uuid NOT NULL,
  plugin_id text NOT NULL,
  version text NOT NULL,
  package text NOT NULL,                   -- the npm package's name
  source text NOT NULL CHECK (source IN ('registry', 'upload')),
  integrity text NOT NULL,                 -- sha512-…, of the tarball
  files_digest text NOT NULL,              -- sha256 over names and contents as unpacked
  tarball bytea NOT NULL,
  manifest jsonb NOT NULL,
  main text NOT NULL,                      -- within the package
  state text NOT NULL CHECK (state IN ('waiting', 'ready', 'refused')),
  problem text,                            -- why it is refused, or why an upgrade to it did not go live
  approved_egress jsonb,                   -- NULL: nobody approved it yet
  approved_by text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, plugin_id, version),
  FOREIGN KEY (workspace_id, plugin_id) REFERENCES plugin ON DELETE CASCADE
);
-- It is compressed already.
ALTER TABLE plugin_version ALTER COLUMN tarball SET STORAGE EXTERNAL;
ALTER TABLE plugin ADD FOREIGN KEY (workspace_id, id, live_version) REFERENCES plugin_version;

-- A version whose process kept crashing, until an admin lets it go on.
CREATE TABLE plugin_parking (
  workspace_id uuid NOT NULL REFERENCES workspace,
  plugin_id text NOT NULL,
  version text NOT NULL,
  code text NOT NULL,
  reason text NOT NULL,
  crashes int NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, plugin_id, version)
);

-- The shape that a connector's settings have. 1 is the first of every plugin.
ALTER TABLE connector ADD COLUMN settings_version int NOT NULL DEFAULT 1;

-- Settings as they were before a migration, for the way back; sealed for the same places as the connector's own.
CREATE TABLE connector_settings (
  workspace_id uuid NOT NULL,
  connector_id uuid NOT NULL,
  settings_version int NOT NULL,
  settings jsonb NOT NULL,
  secrets jsonb NOT NULL,
  kept_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, connector_id, settings_version),
  FOREIGN KEY (workspace_id, connector_id) REFERENCES connector ON DELETE CASCADE
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['plugin', 'plugin_version', 'plugin_parking', 'connector_settings'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I
      USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
END $$;
`,
};
