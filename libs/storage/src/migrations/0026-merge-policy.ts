/** Which of several sources' values of a trait counts, by the workspace's own word. */
export const mergePolicy = {
  name: '0026-merge-policy',
  sql: `
-- Versions are only added; the highest is in force. Without any the latest value counts, which is version 1.
-- profile_fragment.traits: {key: {value, source, at, pos, others: [{value, source, at, pos}, …]}}, the latest first, one
-- a source; others only where more than one spoke.
CREATE TABLE merge_policy (
  workspace_id uuid NOT NULL REFERENCES workspace,
  version bigint NOT NULL,
  policy jsonb NOT NULL,                   -- {default: rule, traits: {key: rule}}
  created_at timestamptz NOT NULL,
  -- Its rollout: persons up to after_person have profiles by it; who was founded after until_person had from the start.
  after_person int NOT NULL DEFAULT 0,
  until_person int NOT NULL,
  profiles bigint NOT NULL DEFAULT 0,      -- looked at
  changed bigint NOT NULL DEFAULT 0,       -- of which readers see other traits
  ended_at timestamptz,
  PRIMARY KEY (workspace_id, version)
);
ALTER TABLE merge_policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE merge_policy FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON merge_policy
  USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON merge_policy TO percorso_app;
`,
};
