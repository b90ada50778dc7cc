/** Traits that the hub computes from events, and their values. */
export const computedTraits = {
  name: '0030-computed-traits',
  sql: `
-- While a row stands here its key belongs to the hub: what sources say of it is kept, and not shown.
CREATE TABLE computed_trait (
  workspace_id uuid NOT NULL REFERENCES workspace,
  key text NOT NULL,
  id uuid NOT NULL,                        -- of this one: a key may be defined anew later
  description text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'deleting')),
  definition_version int NOT NULL DEFAULT 1,
  backfilled_version int,                  -- the definition version whose values were last computed as a set
  asked bigint NOT NULL DEFAULT 1,         -- counts what asked for it to be computed as a set
  done bigint NOT NULL DEFAULT 0,          -- asked, as it was when the last computation began
  moved boolean NOT NULL DEFAULT true,     -- what differs then was asked for, and is no drift
  fence bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  as_of_pos bigint,
  computed_at timestamptz,
  drift bigint,                            -- values the last check found wrong and healed
  error text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, key)
);

CREATE TABLE computed_trait_definition (
  workspace_id uuid NOT NULL,
  key text NOT NULL,
  version int NOT NULL,
  definition jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, key, version),
  FOREIGN KEY (workspace_id, key) REFERENCES computed_trait ON DELETE CASCADE
);

-- {key: {number | text | boolean, at}}: written by the hub alone, in the place of what sources say of these keys.
ALTER TABLE profile ADD COLUMN computed jsonb NOT NULL DEFAULT '{}';

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['computed_trait', 'computed_trait_definition'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I
      USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO percorso_app', t);
  END LOOP;
END $$;
`,
};
