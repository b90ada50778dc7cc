/** Public addresses at which providers report, and what came in by them. */
export const hooks = {
  name: '0047-hooks',
  sql: `
CREATE TABLE connector_hook (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  connector_id uuid NOT NULL,
  token_hash bytea NOT NULL UNIQUE,        -- SHA-256 of the unguessable part of the address, which nobody keeps
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,                -- to the hour: when a receipt last came in by it
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, connector_id) REFERENCES connector ON DELETE CASCADE
);
CREATE INDEX connector_hook_connector ON connector_hook (workspace_id, connector_id, id);

-- Receipts taken, by the SHA-256 of their text: told again they are no news, however long ago.
CREATE TABLE receipt_taken (
  workspace_id uuid NOT NULL,
  connector_id uuid NOT NULL,
  digest bytea NOT NULL,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, connector_id, digest),
  FOREIGN KEY (workspace_id, connector_id) REFERENCES connector ON DELETE CASCADE
);
CREATE INDEX receipt_taken_at ON receipt_taken (workspace_id, taken_at);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['connector_hook', 'receipt_taken'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I
      USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
END $$;
-- A called address is looked up before its workspace is known: exactly that row may be read.
CREATE POLICY called ON connector_hook FOR SELECT
  USING (token_hash = decode(nullif(current_setting('percorso.called_hook', true), ''), 'hex'));
`,
};
