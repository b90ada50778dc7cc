/** Where persons' rows are among several ClickHouse servers. */
export const shards = {
  name: '0028-shards',
  sql: `
-- Homes whose rows are not, or will not be, on the shard their number puts them on: a merge brought them to where the
-- rest of their person is. Rows of other homes need no row here.
CREATE TABLE home_shard (
  workspace_id uuid NOT NULL REFERENCES workspace,
  home int NOT NULL,
  shard smallint NOT NULL,                     -- where its rows are, from 0
  moving_to smallint,                          -- where they are being copied
  left_behind smallint[] NOT NULL DEFAULT '{}',-- where copies are that nobody reads
  PRIMARY KEY (workspace_id, home)
);
CREATE INDEX home_shard_moving ON home_shard (workspace_id) WHERE moving_to IS NOT NULL;

ALTER TABLE home_shard ENABLE ROW LEVEL SECURITY;
ALTER TABLE home_shard FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON home_shard
  USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON home_shard TO percorso_app;
`,
};
