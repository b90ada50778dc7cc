/** Conditions on the members of group accounts: who satisfies them, kept as events come. */
export const accountMembers = {
  name: '0029-account-members',
  sql: `
-- What audiences ask of the members of accounts. Its rows are right for whoever was looked at since it is there, and for
-- everybody once it is settled; retired ones are no longer kept, and their rows go bit by bit.
CREATE TABLE member_condition (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id int GENERATED ALWAYS AS IDENTITY,
  key text NOT NULL,                       -- hash of the condition
  state text NOT NULL DEFAULT 'filling' CHECK (state IN ('filling', 'settled', 'retired')),
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX member_condition_key ON member_condition (workspace_id, key) WHERE state <> 'retired';

-- Persons who satisfy it, in each account they belong to.
CREATE TABLE member_match (
  workspace_id uuid NOT NULL,
  condition_id int NOT NULL,
  account_id text NOT NULL,
  person int NOT NULL,
  PRIMARY KEY (workspace_id, condition_id, account_id, person),
  FOREIGN KEY (workspace_id, condition_id) REFERENCES member_condition
);
CREATE INDEX member_match_person ON member_match (workspace_id, person, condition_id);

-- An account that changes again while its members are being woken is gone through once more, not from the start:
-- else one that keeps changing would never come to its last members.
ALTER TABLE account_wake ADD COLUMN again boolean NOT NULL DEFAULT false;

-- The same of accounts in which a member satisfies a condition now, or none does any more. Written under the lock that
-- merges hold alone, which the applier may wait for while it has rows of account_wake: so they are others.
CREATE TABLE member_wake (
  workspace_id uuid NOT NULL,
  account_id text NOT NULL,
  after_home int NOT NULL DEFAULT 0,
  at timestamptz NOT NULL,
  again boolean NOT NULL DEFAULT false,
  PRIMARY KEY (workspace_id, account_id)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['member_condition', 'member_match', 'member_wake'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I
      USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
END $$;

-- Whose accounts wait shows itself to a transaction that looks for it, as other open work does.
CREATE POLICY open_work ON member_wake FOR SELECT
  USING (current_setting('percorso.looks_for', true) = 'accounts');
`,
};
