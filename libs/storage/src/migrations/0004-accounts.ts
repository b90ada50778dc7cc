/** Conditions on group accounts: ClickHouse gets the accounts, and a changed account finds its members. */
export const accounts = {
  name: '0004-accounts',
  sql: `
ALTER TABLE group_account ADD COLUMN dirty boolean NOT NULL DEFAULT true; -- ClickHouse has not this version yet
CREATE INDEX group_account_dirty ON group_account (workspace_id) WHERE dirty;

-- Which homes said that they belong to an account: the index of profile_fragment.groups. Row-level security keeps an
-- index on the array itself from being used. Homes do not change when persons merge.
CREATE TABLE account_member (
  workspace_id uuid NOT NULL,
  account_id text NOT NULL,
  home int NOT NULL,
  PRIMARY KEY (workspace_id, account_id, home)
);

-- Accounts that changed, whose members are still to be woken.
CREATE TABLE account_wake (
  workspace_id uuid NOT NULL,
  account_id text NOT NULL,
  after_home int NOT NULL DEFAULT 0,       -- members up to this home were woken
  at timestamptz NOT NULL,                 -- when it changed
  PRIMARY KEY (workspace_id, account_id)
);

-- Why a person is woken, as deltas tell it: {kind}; NULL: by time.
ALTER TABLE profile_wake ADD COLUMN cause jsonb;

DO $$
DECLARE t text; w uuid;
BEGIN
  FOREACH t IN ARRAY ARRAY['account_member', 'account_wake'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON %I USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
  -- Row-level security binds the owner too, so each workspace is looked at as itself.
  FOR w IN SELECT id FROM workspace LOOP
    PERFORM set_config('percorso.workspace', w::text, true);
    INSERT INTO account_member (workspace_id, account_id, home)
      SELECT DISTINCT workspace_id, unnest(groups), home FROM profile_fragment WHERE workspace_id = w AND groups <> '{}';
  END LOOP;
  PERFORM set_config('percorso.workspace', '', true);
END $$;
`,
};
