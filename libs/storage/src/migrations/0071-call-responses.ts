/** What a call answered stays with its effect as long as that is kept: a simulation can repeat it. */
export const callResponses = {
  name: '0071-call-responses',
  sql: `
CREATE OR REPLACE FUNCTION tell_effect() RETURNS trigger LANGUAGE plpgsql SET search_path = percorso, pg_temp AS $$
BEGIN
  INSERT INTO effect_news (workspace_id, effect_id, key, person, state, code, response, at)
  VALUES (NEW.workspace_id, NEW.id, NEW.key, NEW.person, NEW.state, NEW.reason_code, NEW.response, NEW.updated_at);
  RETURN NEW;
END $$;
`,
};
