/** Rows that ended badly, as something an admin works through. */
export const deadLetters = {
  name: '0043-dead-letters',
  sql: `
CREATE INDEX effect_dead ON effect (workspace_id, sync_id, id) WHERE state IN ('rejected', 'dropped', 'unknown');

-- Dead letters an admin is done with; the effect stays what it is.
CREATE TABLE effect_discard (
  workspace_id uuid NOT NULL,
  effect_id uuid NOT NULL,
  note text NOT NULL,
  actor text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, effect_id),
  FOREIGN KEY (workspace_id, effect_id) REFERENCES effect ON DELETE CASCADE
);
ALTER TABLE effect_discard ENABLE ROW LEVEL SECURITY;
ALTER TABLE effect_discard FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON effect_discard
  USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON effect_discard TO percorso_app;
`,
};
