/**
 * ClickHouse gets identities and typed lists (its migration of the same name): what it has of nodes and profiles is
 * written again. Row-level security binds the owner too, so each workspace is looked at as itself.
 */
export const language = {
  name: '0002-language',
  sql: `
DO $$
DECLARE w uuid;
BEGIN
  FOR w IN SELECT id FROM workspace LOOP
    PERFORM set_config('percorso.workspace', w::text, true);
    UPDATE identity_node SET dirty = true WHERE workspace_id = w AND NOT dirty;
    UPDATE profile SET dirty = true WHERE workspace_id = w AND NOT dirty;
  END LOOP;
  PERFORM set_config('percorso.workspace', '', true);
END $$;
`,
};
