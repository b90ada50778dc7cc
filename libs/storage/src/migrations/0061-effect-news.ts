/** What became of effects that somebody waits for, told in the transaction that decides it. */
export const effectNews = {
  name: '0061-effect-news',
  sql: `
ALTER TABLE effect ADD COLUMN watched boolean NOT NULL DEFAULT false;
CREATE TABLE effect_news (
  workspace_id uuid NOT NULL REFERENCES workspace,
  n bigint GENERATED ALWAYS AS IDENTITY,
  effect_id uuid NOT NULL,
  key text NOT NULL,
  person int NOT NULL,
  state text NOT NULL,
  code text,
  response jsonb,                          -- what a call answered
  at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, n)
);
ALTER TABLE effect_news ENABLE ROW LEVEL SECURITY;
ALTER TABLE effect_news FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON effect_news USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON effect_news TO percorso_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA percorso TO percorso_app;
-- Where news waits: for whoever looks for work across workspaces.
CREATE POLICY open_work ON effect_news FOR SELECT
  USING (current_setting('percorso.looks_for', true) = 'journeys');
`,
};
