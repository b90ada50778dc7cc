/** What went over the wire for rows that ended badly. */
export const exchanges = {
  name: '0054-exchanges',
  sql: `
-- One for all rows of a call; gone with the last row it is kept for.
CREATE TABLE exchange (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  items int NOT NULL,                      -- rows it was about
  detail jsonb NOT NULL,                   -- {kind: http | stream, …}, without secrets and cut
  at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX exchange_at ON exchange (workspace_id, at);

CREATE TABLE effect_exchange (
  workspace_id uuid NOT NULL,
  effect_id uuid NOT NULL,
  exchange_id uuid NOT NULL,
  item int NOT NULL,                       -- which of its rows, from 1; 0: not known
  PRIMARY KEY (workspace_id, effect_id),
  FOREIGN KEY (workspace_id, effect_id) REFERENCES effect ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, exchange_id) REFERENCES exchange ON DELETE CASCADE
);
CREATE INDEX effect_exchange_of ON effect_exchange (workspace_id, exchange_id);

CREATE FUNCTION forget_exchange() RETURNS trigger LANGUAGE plpgsql SET search_path = percorso, pg_temp AS $$
BEGIN
  DELETE FROM exchange x USING (SELECT DISTINCT workspace_id, exchange_id FROM gone) g
  WHERE x.workspace_id = g.workspace_id AND x.id = g.exchange_id AND NOT EXISTS (
    SELECT FROM effect_exchange e WHERE e.workspace_id = x.workspace_id AND e.exchange_id = x.id);
  RETURN NULL;
END $$;
CREATE TRIGGER effect_exchange_gone AFTER DELETE ON effect_exchange REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION forget_exchange();

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['exchange', 'effect_exchange'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I
      USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
END $$;
`,
};
