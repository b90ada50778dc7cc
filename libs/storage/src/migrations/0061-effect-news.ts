/** What became of effects that somebody waits for, told in the transaction that decides it. */
export const effectNews = {
  name: '0061-effect-news',
  sql: `
ALTER TABLE effect
  ADD COLUMN watched boolean NOT NULL DEFAULT false,
  ADD COLUMN response jsonb,               -- what a call answered, on its way into the news
  DROP CONSTRAINT effect_operation_check,
  ADD CONSTRAINT effect_operation_check CHECK (operation IN ('send', 'upsert', 'remove', 'call'));
CREATE TABLE effect_news (
  workspace_id uuid NOT NULL REFERENCES workspace,
  n bigint GENERATED ALWAYS AS IDENTITY,
  effect_id uuid NOT NULL,
  key text NOT NULL,
  person int NOT NULL,
  state text NOT NULL,
  code text,
  response jsonb,
  at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, n)
);
ALTER TABLE effect_news ENABLE ROW LEVEL SECURITY;
ALTER TABLE effect_news FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON effect_news USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON effect_news TO percorso_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA percorso TO percorso_app;

-- Whatever decides what became of a watched effect, its news is there with it or not at all.
CREATE FUNCTION tell_effect() RETURNS trigger LANGUAGE plpgsql SET search_path = percorso, pg_temp AS $$
BEGIN
  INSERT INTO effect_news (workspace_id, effect_id, key, person, state, code, response, at)
  VALUES (NEW.workspace_id, NEW.id, NEW.key, NEW.person, NEW.state, NEW.reason_code, NEW.response, NEW.updated_at);
  NEW.response := NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER effect_told BEFORE UPDATE OF state ON effect FOR EACH ROW
  WHEN (NEW.watched AND (NEW.state IN ('accepted', 'rejected', 'suppressed', 'dropped', 'superseded')
      AND OLD.state <> NEW.state
    OR NEW.state = 'unknown' AND NEW.due_at = 'infinity' AND (OLD.state <> 'unknown' OR OLD.due_at < 'infinity')))
  EXECUTE FUNCTION tell_effect();
CREATE TRIGGER effect_told_at_once AFTER INSERT ON effect FOR EACH ROW
  WHEN (NEW.watched AND NEW.state <> 'pending') EXECUTE FUNCTION tell_effect();
-- Where news waits: for whoever looks for work across workspaces.
CREATE POLICY open_work ON effect_news FOR SELECT
  USING (current_setting('percorso.looks_for', true) = 'journeys');
`,
};
