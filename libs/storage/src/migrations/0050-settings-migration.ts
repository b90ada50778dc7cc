/** Settings of plugins that come with the hub, when a release raises their version: by whom they are migrated, and why not. */
export const settingsMigration = {
  name: '0050-settings-migration',
  sql: `
-- A connector's way to a version of its settings: taken by one process at a time, and parked where it failed.
CREATE TABLE connector_migration (
  workspace_id uuid NOT NULL,
  connector_id uuid NOT NULL,
  settings_version int NOT NULL,           -- where it leads
  owner uuid NOT NULL,                     -- who took it
  taken_until timestamptz,                 -- by the database's clock; NULL: nobody is at it
  code text,                               -- of what was wrong the last time; NULL: it was not tried to its end
  reason text,
  at timestamptz,
  PRIMARY KEY (workspace_id, connector_id, settings_version),
  FOREIGN KEY (workspace_id, connector_id) REFERENCES connector ON DELETE CASCADE,
  CHECK ((code IS NULL) = (reason IS NULL) AND (code IS NULL) = (at IS NULL))
);
ALTER TABLE connector_migration ENABLE ROW LEVEL SECURITY;
ALTER TABLE connector_migration FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON connector_migration
  USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON connector_migration TO percorso_app;

-- Kept settings are what a release before goes on with, unless the connector was set otherwise since.
ALTER TABLE connector_settings ADD COLUMN outdated boolean NOT NULL DEFAULT false;
`,
};
